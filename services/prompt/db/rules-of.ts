import type { InferEntity } from '@mikro-orm/postgresql'
import type { Described, Readable } from '../prompt.ts'
import type { Prompt } from './prompt.entity.ts'

/** What the rules of `prompt.ts` read of a prompt that was loaded as an entity. */
export const rulesOf = (prompt: InferEntity<typeof Prompt>): Omit<Readable, 'licences'> & Described => ({
  title: prompt.title,
  category: prompt.category ?? null,
  user_id: prompt.userId,
  // The seed lets these two be null; a constraint of the table does not.
  is_public: prompt.isPublic!,
  version: prompt.version!,
  status: prompt.status,
  public_from_version: prompt.publicFromVersion,
  deleted_at: prompt.deletedAt ?? null,
})
