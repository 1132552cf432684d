import { type Collection, UUID } from 'mongodb'
import type { MongoDatabase } from '#chassis/db/mongo.ts'
import type { FullRow, VersionRow } from '../version.ts'

/** A version as MongoDB has it. Those of earlier releases have more, which says what became of their event: see `events/publish-unpublished.ts`. */
export type VersionDocument = Omit<VersionRow, Id> & Record<Id, UUID>

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
})

/** What the event of a version is made of: never the content. */
export const EVENT_FIELDS = {
  _id: 0,
  versionId: 1,
  promptId: 1,
  version: 1,
  userId: 1,
  username: 1,
  visible: 1,
  title: 1,
  category: 1,
  createdAt: 1,
  headers: 1,
} as const

/** A version without the rest. */
export type EventFields = Pick<VersionDocument, Exclude<keyof typeof EVENT_FIELDS, '_id'>>

/** What is not shown of a version: the projection of a FullRow. */
export const NOT_SHOWN = { _id: 0, visible: 0, headers: 0 } as const

/** A version that was read without what is not shown of it. */
export const toFullRow = (document: Omit<VersionDocument, 'visible' | 'headers'>): FullRow => ({
  ...document,
  promptId: document.promptId.toString(),
  userId: document.userId.toString(),
  versionId: document.versionId.toString(),
})
