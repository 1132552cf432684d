import { statement } from '#chassis/db/statements.ts'
import type { Readable } from '../prompt.ts'
import { licencesOf, SUMMARY, type SummaryRow } from './rows.ts'

/** The prompts among these ids that are not deleted, in any order, with what decides whether one reader may see them. */
export const batchGetPrompts = statement<[promptIds: string[], readerId: string | null], SummaryRow & Readable>(
  'batch_get_prompts',
  `select ${SUMMARY}, p.public_from_version, p.deleted_at, ${licencesOf('$2')}
  from prompts p
  where p.id = any ($1::uuid[]) and p.deleted_at is null`,
)
