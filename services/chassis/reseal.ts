import { FIRST_ID } from './ids.ts'
import type { Job } from './jobs.ts'
import type { Logger } from './logger.ts'

/** A row with a secret text that another secret than the present one has encrypted. */
type SealedRow = { id: string }

/** What the job needs to know of a table. */
export type Resealing<Row extends SealedRow> = {
  /** What is encrypted, for the log: `licence keys`. */
  what: string
  /** The next rows by their ids, some at a time, that another secret than the present one has encrypted. */
  list(after: string): Promise<Row[]>
  /** The text of a row. Throws when it cannot be decrypted. */
  open(row: Row): string
  /** Stores it encrypted with the present secret, unless the row has changed meanwhile. Answers with a row when it has done so. */
  store(row: Row, plain: string): Promise<unknown[]>
  log: Logger
}

/** Encrypts with the present secret what a former one has encrypted, so that that one can be removed from the configuration. */
export const resealing = <Row extends SealedRow>({ what, list, open, store, log }: Resealing<Row>): Job => ({
  name: `encrypt ${what} with the present secret`,
  on: 'one replica',
  everyMs: 600_000,
  run: async (signal) => {
    let after = FIRST_ID
    let [changed, unopened] = [0, 0]
    while (!signal.aborted) {
      const rows = await list(after)
      for (const row of rows) {
        const plain = opened(() => open(row))
        if (plain === undefined) unopened += 1
        else changed += (await store(row, plain)).length
        after = row.id
      }
      if (rows.length === 0) break
    }
    if (changed > 0) log.info({ changed }, `${what} are encrypted with the present secret`)
    if (unopened > 0) log.error({ unopened }, `${what} cannot be decrypted: their secret is not configured`)
  },
})

function opened(open: () => string): string | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}
