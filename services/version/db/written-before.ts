import { UUID } from 'mongodb'
import type { Versions } from './documents.ts'

/** When the first stored version after this one was written, and so this one at the latest; undefined when none is stored. */
export async function writtenBefore(versions: Versions, promptId: string, version: number): Promise<Date | undefined> {
  const later = { promptId: new UUID(promptId), version: { $gt: version } }
  const next = await versions.findOne(later, { sort: { version: 1 }, projection: { _id: 0, createdAt: 1 } })
  return next?.createdAt
}
