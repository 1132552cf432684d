import { UUID } from 'mongodb'
import type { FullRow } from '../version.ts'
import { NOT_SHOWN, toFullRow, type Versions } from './documents.ts'

/** Versions that are fetched at once: few, for each may have a megabyte. */
const BATCH = 4

/** The versions of a prompt up to number `head`, oldest first, as they are taken. */
export async function* allVersions(versions: Versions, promptId: string, head: number): AsyncGenerator<FullRow> {
  const found = versions.find(
    { promptId: new UUID(promptId), version: { $lte: head } },
    // The time that a query may take is for each batch: whoever takes the versions may be slow.
    { sort: { version: 1 }, batchSize: BATCH, projection: NOT_SHOWN, timeoutMode: 'iteration' },
  )
  for await (const document of found) yield toFullRow(document)
}
