import { claimCte, claimParams } from '#chassis/db/idempotency.ts'
import { arrayOf, boolean, jsonb, nullable, text, tsvector, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { currentName } from './authors.ts'
import { contentChanged, factsOf } from './emissions.ts'

/** What the database makes of a new prompt. */
export type InsertedRow = { created_at: Date; username: string }

const metadata = { aggregateId: 'm.id', aggregateRevision: 'm.revision' }
const actor = { userId: 'm.user_id', username: 'm.username' }

/** A new prompt, the key that it is made under and its events, in one statement. No row comes back when the key was used before. */
export const insertPrompt = statement('insert_prompt', {
  id: uuid,
  title: text,
  content: text,
  description: nullable(text),
  category: nullable(text),
  user_id: uuid,
  username: text,
  is_public: boolean,
  tags: arrayOf(text),
  variables: jsonb,
  model: nullable(text),
  status: text,
  search: tsvector,
  ...claimParams,
  ...eventParams,
})<InsertedRow>(
  (p) => `with ${claimCte(p)},
  made as (
    insert into prompts (id, title, content, description, category, user_id, username, is_public, tags, variables, model,
      status, created_at, search, search_revision)
    select ${p.id}, ${p.title}, ${p.content}, ${p.description}, ${p.category}, ${p.user_id},
      ${currentName(p.user_id, p.username)}, ${p.is_public}, ${p.tags}, ${p.variables}, ${p.model}, ${p.status}, now(),
      ${p.search}, 1
    from claim
    returning *
  ),
  ${outboxCte(p, {
    from: 'made m',
    at: 'm.created_at',
    aggregateId: 'm.id',
    events: [
      emission(EVENTS.promptCreated, { metadata, actor, prompt: factsOf('m') }),
      contentChanged('m', { metadata, actor, changes: 'null' }),
    ],
  })}
  select created_at, username from made`,
)
