import { arrayOf, nullable, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Readable } from '../prompt.ts'
import { licencesOf } from './readable.ts'
import { SUMMARY, type SummaryRow } from './rows.ts'

/** The prompts among these ids that are not deleted, in any order, with what decides whether one reader may see them. */
export const batchGetPrompts = statement('batch_get_prompts', {
  promptIds: arrayOf(uuid),
  readerId: nullable(uuid),
})<SummaryRow & Readable>(
  (p) => `select ${SUMMARY}, p.public_from_version, p.deleted_at, ${licencesOf('p', p.readerId)}
  from prompts p
  where p.id = any (${p.promptIds}) and p.deleted_at is null`,
)
