import { claimCte, claimParams, isKeyUsed } from '#chassis/db/idempotency.ts'
import { nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { currentName } from './authors.ts'
import { factsOf } from './emissions.ts'
import { isShownTo } from './readable.ts'

/** What became of a comment. Only MADE has stored anything. */
export type Outcome = 'MADE' | 'KEY_USED' | 'NO_PARENT' | 'PARENT_IS_REPLY'

/** What the database makes of a new comment. */
export type MadeRow = { createdAt: Date; username: string }

/**
 * A new comment with the id `resourceId`, the key that it is made under, its count and its event, in one statement. No row: there is no such
 * prompt that the user may see.
 *
 * The parent is locked, before the prompt is: whoever deletes a comment locks in the same order, and so either finds the reply or is found
 * to have deleted the parent.
 */
export const insertComment = statement('insert_comment', {
  promptId: uuid,
  userId: uuid,
  username: text,
  content: text,
  parentId: nullable(uuid),
  ...claimParams,
  ...eventParams,
})<{ outcome: Outcome } & MadeRow>(
  (p) => `with target as (
    select p.id from prompts p where p.id = ${p.promptId} and ${isShownTo('p', p.userId)}
  ),
  parent as (
    select c.id, c.parent_id is not null as is_reply from prompt_comments c
    where c.id = ${p.parentId} and c.prompt_id = ${p.promptId} and c.deleted_at is null
    for key share
  ),
  accepted as (
    select t.id from target t where ${p.parentId} is null or exists (select from parent where not is_reply)
  ),
  ${claimCte(p, 'exists (select from accepted)')},
  made as (
    insert into prompt_comments (id, prompt_id, user_id, username, content, parent_id, created_at)
    select ${p.resourceId}, a.id, ${p.userId}, ${currentName(p.userId, p.username)}, ${p.content}, ${p.parentId}, now()
    from accepted a cross join claim
    returning *
  ),
  counted as (
    update prompts p set comments_count = p.comments_count + 1 from made m where p.id = m.prompt_id
    returning p.*
  ),
  ${outboxCte(p, {
    from: 'counted c cross join made m',
    at: 'm.created_at',
    aggregateId: 'c.id',
    events: [
      emission(EVENTS.promptCommented, {
        metadata: { aggregateId: 'c.id', aggregateRevision: 'c.revision' },
        actor: { userId: 'm.user_id', username: 'm.username' },
        prompt: factsOf('c'),
        commentId: 'm.id',
      }),
    ],
  })}
  select m.created_at as "createdAt", m.username,
    case
      when m.id is not null then 'MADE'
      when a.id is not null or ${isKeyUsed(p)} then 'KEY_USED'
      when exists (select from parent) then 'PARENT_IS_REPLY'
      else 'NO_PARENT'
    end as outcome
  from target t left join accepted a on true left join made m on true`,
)
