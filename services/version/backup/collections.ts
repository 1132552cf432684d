/**
 * How each collection is backed up. In one that grows a document never changes and its id tells when it was made, so an incremental backup has
 * the new ones; of the others, which are small, it has everything. Those come first: a restore needs to know who was erased.
 */
export const COLLECTIONS = {
  erased_users: 'whole',
  label_gates: 'whole',
  label_changes: 'grows',
  prompt_versions: 'grows',
} as const

/** The name of a collection that is backed up. */
export type CollectionName = keyof typeof COLLECTIONS

/** Those names, in the order of a file. */
export const COLLECTION_NAMES = Object.keys(COLLECTIONS) as CollectionName[]
