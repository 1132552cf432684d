import { claimCte, keyParams } from '#chassis/db/idempotency.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { NewPrompt } from '../prompt.ts'
import { presentName } from './authors.ts'
import { contentChanged, factsOf } from './emissions.ts'

/** What the database makes of a new prompt. */
export type InsertedRow = { created_at: Date; username: string }

const metadata = { aggregateId: 'm.id', aggregateRevision: 'm.revision' }
const actor = { userId: 'm.user_id', username: 'm.username' }

/** A new prompt, the key that it is made under and its events, in one statement. No row comes back when the key was used before. */
export const insertPromptStatement = statement<unknown[], InsertedRow>(
  'insert_prompt',
  `with ${claimCte(13)},
  made as (
    insert into prompts (id, title, content, description, category, user_id, username, is_public, tags, variables, model,
      status, created_at)
    select $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::uuid, ${presentName('$6::uuid', '$7::text')}, $8::boolean,
      $9::text[], $10::jsonb, $11::text, $12::text, now()
    from claim
    returning id, title, content, description, category, user_id, username, is_public, variables, model, status, version,
      revision, created_at
  ),
  ${outboxCte({
    from: 'made m',
    at: 'm.created_at',
    aggregateId: 'm.id',
    first: 18,
    events: [
      emission(EVENTS.promptCreated, { metadata, actor, prompt: factsOf('m') }),
      contentChanged('m', { metadata, actor, changes: 'null' }),
    ],
  })}
  select created_at, username from made`,
)

/** Stores a prompt and answers with what the database made of it; undefined when the `request_id` was used before. */
export async function insertPrompt(
  { sql, once, origin }: Pick<Call, 'sql' | 'once' | 'origin'>,
  prompt: NewPrompt,
): Promise<InsertedRow | undefined> {
  const { id, title, content, description, category, user_id, username, is_public, tags, variables, model, status } =
    prompt
  const values = [id, title, content, description, category, user_id, username, is_public, tags]
  const rest = [JSON.stringify(variables), model, status]
  const [row] = await sql(insertPromptStatement, [
    ...values,
    ...rest,
    ...keyParams(once, id),
    ...eventParams(origin, 2),
  ])
  return row
}
