import { claimCte, type IdempotencyKey, keyParams } from '#chassis/db/idempotency.ts'
import { type Sql, statement } from '#chassis/db/statements.ts'
import type { NewPrompt } from '../prompt.ts'

/** A new prompt and the key that it is made under, in one statement. No row comes back when the key was used before. */
export const insertPromptStatement = statement<unknown[], { created_at: Date }>(
  'insert_prompt',
  `with ${claimCte(13)},
  made as (
    insert into prompts (id, title, content, description, category, user_id, username, is_public, tags, variables, model,
      status, created_at)
    select $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::uuid, $7::text, $8::boolean, $9::text[], $10::jsonb,
      $11::text, $12::text, now()
    from claim
    returning created_at
  )
  select created_at from made`,
)

/** Stores a prompt and answers when that was; undefined when the `request_id` was used before. */
export async function insertPrompt(
  sql: Sql,
  prompt: NewPrompt,
  once: IdempotencyKey | undefined,
): Promise<Date | undefined> {
  const { id, title, content, description, category, user_id, username, is_public, tags, variables, model, status } =
    prompt
  const values = [id, title, content, description, category, user_id, username, is_public, tags]
  const rest = [JSON.stringify(variables), model, status]
  const [row] = await sql(insertPromptStatement, [...values, ...rest, ...keyParams(once, id)])
  return row?.created_at
}
