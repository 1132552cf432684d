import type { Document } from 'mongodb'
import { COLLECTIONS, type CollectionName } from './collections.ts'
import { type Entry, readBackup } from './file.ts'

/** Documents of a batch at most. */
const BATCH = 100

/** Documents of one collection, of which a database can be given or asked all at once. */
type Batch = { collection: CollectionName; documents: Document[] }

/**
 * What a full backup and those that build on it have, the files being given newest first. The newest has everything of the small collections; of
 * these the older ones are left out, which have what was removed since. Of the others a document may come twice, in its newest state first.
 */
export async function* batchesOf(paths: string[]): AsyncGenerator<Batch> {
  for (const [age, path] of paths.entries()) {
    for await (const batch of inBatches(readBackup(path))) {
      if (age === 0 || COLLECTIONS[batch.collection] === 'grows') yield batch
    }
  }
}

async function* inBatches(entries: AsyncIterable<Entry>): AsyncGenerator<Batch> {
  let batch: Batch | undefined
  for await (const { collection, document } of entries) {
    if (batch && (batch.collection !== collection || batch.documents.length === BATCH)) {
      yield batch
      batch = undefined
    }
    batch ??= { collection: collection as CollectionName, documents: [] }
    batch.documents.push(document)
  }
  if (batch) yield batch
}
