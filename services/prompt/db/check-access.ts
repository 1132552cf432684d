import { nullable, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Readable } from '../prompt.ts'
import { licencesOf } from './readable.ts'

/**
 * What decides who may read a prompt, also a deleted one: its licensees keep what they bought. `last_changed_at` is when its newest
 * version was written at the latest, `forked_private` whether it is a fork of what not anyone may read, and was not its owner's.
 */
export const checkAccess = statement('check_access', { promptId: uuid, readerId: nullable(uuid) })<
  Readable & { last_changed_at: Date; forked_private: boolean }
>(
  (p) => `select p.user_id, p.is_public, p.status, p.version, p.public_from_version, p.deleted_at, p.forked_private,
    coalesce(p.updated_at, p.created_at) as last_changed_at, ${licencesOf('p', p.readerId)}
  from prompts p
  where p.id = ${p.promptId}`,
)
