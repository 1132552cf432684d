import { nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { currentName } from './authors.ts'
import { factsOf } from './emissions.ts'

/**
 * Marks a prompt as deleted: only if `ownerId` owns it, or any prompt when it is null. One row when there was one to delete.
 */
export const deletePrompt = statement('delete_prompt', {
  promptId: uuid,
  ownerId: nullable(uuid),
  actorId: uuid,
  actorName: text,
  ...eventParams,
})<{ revision: number }>(
  (p) => `with gone as (
    update prompts set deleted_at = now(), revision = revision + 1
    where id = ${p.promptId} and deleted_at is null and (${p.ownerId} is null or user_id = ${p.ownerId})
    returning *
  ),
  ${outboxCte(p, {
    from: 'gone g',
    at: 'g.deleted_at',
    aggregateId: 'g.id',
    events: [
      emission(EVENTS.promptDeleted, {
        metadata: { aggregateId: 'g.id', aggregateRevision: 'g.revision' },
        actor: { userId: p.actorId, username: currentName(p.actorId, p.actorName) },
        prompt: factsOf('g'),
      }),
    ],
  })}
  select revision from gone`,
)
