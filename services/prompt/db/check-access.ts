import { statement } from '#chassis/db/statements.ts'
import type { Readable } from '../prompt.ts'
import { licencesOf } from './rows.ts'

/** What decides who may read a prompt, also a deleted one: its licensees keep what they bought. */
export const checkAccess = statement<[promptId: string, readerId: string | null], Readable>(
  'check_access',
  `select p.user_id, p.is_public, p.status, p.version, p.public_from_version, p.deleted_at, ${licencesOf('$2')}
  from prompts p
  where p.id = $1`,
)
