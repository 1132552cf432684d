import { nullable, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Readable } from '../prompt.ts'
import { licencesOf } from './readable.ts'
import { PROMPT, type PromptRow } from './rows.ts'

/** A prompt that is not deleted, with what one reader has to do with it. */
export const getPrompt = statement('get_prompt', { promptId: uuid, readerId: nullable(uuid) })<
  PromptRow & Readable & { liked_by_me: boolean; my_rating: number | null }
>(
  (p) => `select ${PROMPT}, p.deleted_at,
    exists (select from prompt_likes l where l.prompt_id = p.id and l.user_id = ${p.readerId}) as liked_by_me,
    (select r.rating from prompt_ratings r where r.prompt_id = p.id and r.user_id = ${p.readerId}) as my_rating,
    ${licencesOf('p', p.readerId)}
  from prompts p
  where p.id = ${p.promptId} and p.deleted_at is null`,
)
