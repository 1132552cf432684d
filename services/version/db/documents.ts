import { type Collection, UUID } from 'mongodb'
import type { MongoDatabase } from '#chassis/db/mongo.ts'
import type { VersionRow } from '../version.ts'

/** A version as MongoDB has it. */
export type VersionDocument = Omit<VersionRow, Id> &
  Record<Id, UUID> & {
    /** When JetStream had its event; null until then. */
    publishedAt: Date | null
    /** How often its event was refused; absent when never. */
    attempts?: number
    /** When its event was given up; absent when it was not. */
    abandonedAt?: Date
  }

type Id = 'promptId' | 'userId' | 'versionId'

/** The collection of versions. */
export type Versions = Collection<VersionDocument>

/** Opens it. */
export const openVersions = (database: MongoDatabase): Versions => database.collection('prompt_versions')

/** A version that is about to be stored. */
export const toDocument = (row: VersionRow): VersionDocument => ({
  ...row,
  promptId: new UUID(row.promptId),
  userId: new UUID(row.userId),
  versionId: new UUID(row.versionId),
  publishedAt: null,
})
