import { createHash } from 'node:crypto'
import { rowKey } from './accounts.ts'
import { type Api, Refused } from './api.ts'
import type { Author, FindAuthor } from './authors.ts'
import type { Outcome, Report } from './report.ts'
import type { Row, Wanted } from './rows.ts'

/** Rows that are under way at a time. */
const LANES = 8

/** What importing takes. */
export type Import = {
  api: Api
  findAuthor: FindAuthor
  /** Whether a prompt whose content differs gets a new version. */
  update: boolean
  report: Report
  /** Told of each row that is done with. */
  onRow(row: Row): void
  /** Ends the import when it is aborted, which the import itself does when it cannot go on. */
  ending: AbortController
}

/** Imports rows until there are no more or `ending` is aborted. What came of each is in the report. */
export async function importRows(rows: AsyncGenerator<Row>, work: Import): Promise<void> {
  const { ending, report, onRow } = work
  const add = addInTurn(work)
  const lane = async () => {
    for await (const row of rows) {
      if (ending.signal.aborted) return
      report.begin()
      try {
        const outcome = await outcomeOf(row, add)
        if (outcome === 'different') report.differ(row.line)
        else report.end(outcome)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        report.refuse(row.line, error.message)
      }
      onRow(row)
    }
  }
  await Promise.all(Array.from({ length: LANES }, () => lane().catch((error: unknown) => ending.abort(error))))
}

type Added = Outcome | 'different'
type Add = (row: Wanted, key: string) => Promise<Added>

async function outcomeOf(row: Row, add: Add): Promise<Added> {
  if ('refused' in row) throw new Refused('ROW_UNREADABLE', row.refused)
  return add(row, rowKey(row.contributor, row.title))
}

/** Rows with the same key come one after the other: the second is there already unless the first was refused. */
function addInTurn(work: Import): Add {
  const running = new Map<string, Promise<unknown>>()
  return async (row, key) => {
    while (running.has(key)) await running.get(key)
    const adding = addToAuthor(work, row, key)
    const settled = adding.catch(() => undefined).then(() => running.delete(key))
    running.set(key, settled)
    return adding
  }
}

async function addToAuthor({ api, findAuthor, update }: Import, row: Wanted, key: string): Promise<Added> {
  const { contributor, title, content, tags } = row
  const author = await findAuthor(contributor)
  const hash = contentHash(content)
  const owned = author.prompts.get(title)
  if (!owned) {
    const id = await signedIn(author, (token) => api.createPrompt(token, key, { title, content, tags }))
    author.prompts.set(title, { id, hash })
    return 'added'
  }
  const held = 'hash' in owned ? owned.hash : contentHash(await signedIn(author, (token) => api.content(token, owned)))
  author.prompts.set(title, { id: owned.id, hash: held })
  if (held === hash) return 'present'
  if (!update) return 'different'
  await signedIn(author, (token) => api.updateContent(token, owned.id, content))
  author.prompts.set(title, { id: owned.id, hash })
  return 'updated'
}

/** Calls with the author's token, and once more with a new one when the server no longer takes it. */
async function signedIn<T>({ token }: Author, call: (token: string) => Promise<T>): Promise<T> {
  const held = await token()
  try {
    return await call(held)
  } catch (error) {
    if (!(error instanceof Refused && error.reason === 'TOKEN_INVALID')) throw error
    return call(await token(held))
  }
}

const contentHash = (content: string) => createHash('sha256').update(content).digest('base64')
