import { rowKey } from './accounts.ts'
import { type Api, Refused } from './api.ts'
import type { FindAuthor } from './authors.ts'
import type { Report } from './report.ts'
import type { Row, Wanted } from './rows.ts'

/** Rows that are under way at a time. */
const LANES = 8

/** What importing takes. */
export type Import = {
  api: Api
  findAuthor: FindAuthor
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
      await outcomeOf(row, add).then(report.end, (error: unknown) => {
        if (!(error instanceof Refused)) throw error
        report.refuse(row.line, error.message)
      })
      onRow(row)
    }
  }
  await Promise.all(Array.from({ length: LANES }, () => lane().catch((error: unknown) => ending.abort(error))))
}

type Outcome = 'added' | 'present'
type Add = (row: Wanted, key: string) => Promise<Outcome>

async function outcomeOf(row: Row, add: Add): Promise<Outcome> {
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

async function addToAuthor({ api, findAuthor }: Import, row: Wanted, key: string): Promise<Outcome> {
  const { contributor, title, content, tags } = row
  const { titles, token } = await findAuthor(contributor)
  if (titles.has(title)) return 'present'
  const held = await token()
  const prompt = { title, content, tags }
  try {
    await api.createPrompt(held, key, prompt)
  } catch (error) {
    if (!(error instanceof Refused && error.reason === 'TOKEN_INVALID')) throw error
    await api.createPrompt(await token(held), key, prompt)
  }
  titles.add(title)
  return 'added'
}
