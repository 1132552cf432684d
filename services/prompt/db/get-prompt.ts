import { statement } from '#chassis/db/statements.ts'
import type { Readable } from '../prompt.ts'
import { licencesOf, PROMPT, type PromptRow } from './rows.ts'

/** A prompt that is not deleted, with what one reader has to do with it. */
export const getPrompt = statement<
  [promptId: string, readerId: string | null],
  PromptRow & Readable & { liked_by_me: boolean; my_rating: number | null }
>(
  'get_prompt',
  `select ${PROMPT}, p.deleted_at,
    exists (select from prompt_likes l where l.prompt_id = p.id and l.user_id = $2) as liked_by_me,
    (select r.rating from prompt_ratings r where r.prompt_id = p.id and r.user_id = $2) as my_rating,
    ${licencesOf('$2')}
  from prompts p
  where p.id = $1 and p.deleted_at is null`,
)
