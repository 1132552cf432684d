import { createHash } from 'node:crypto'
import { rowKey } from './accounts.ts'
import { type Api, Refused } from './api.ts'
import { type FindAuthor, signedIn } from './authors.ts'
import { type Course, importAll } from './lanes.ts'
import type { Outcome } from './report.ts'
import type { Row, Wanted } from './rows.ts'

/** What importing takes. */
export type Import = Course<Row> & {
  api: Api
  findAuthor: FindAuthor
  /** Whether a prompt whose content differs gets a new version. */
  update: boolean
}

/** Imports rows until there are no more or `ending` is aborted. What came of each is in the report. */
export async function importRows(rows: AsyncGenerator<Row>, work: Import): Promise<void> {
  const add = addInTurn(work)
  await importAll(rows, work, (row) => outcomeOf(row, add))
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
  await signedIn(author, (token) => api.updatePrompt(token, owned.id, { content }))
  author.prompts.set(title, { id: owned.id, hash })
  return 'updated'
}

const contentHash = (content: string) => createHash('sha256').update(content).digest('base64')
