import { statement } from '#chassis/db/statements.ts'
import { emission, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { presentName } from './authors.ts'
import { factsOfDeleted } from './emissions.ts'

/**
 * Marks a prompt as deleted: its owner's, or whoever's when `ownerId` is null. One row when there was one to delete. The event's
 * parameters come last.
 */
export const deletePrompt = statement<
  [promptId: string, ownerId: string | null, actorId: string, actorName: string, ...event: string[]],
  { revision: number }
>(
  'delete_prompt',
  `with gone as (
    update prompts set deleted_at = now(), revision = revision + 1
    where id = $1 and deleted_at is null and ($2::uuid is null or user_id = $2)
    returning id, user_id, revision, deleted_at
  ),
  ${outboxCte({
    from: 'gone g',
    at: 'g.deleted_at',
    aggregateId: 'g.id',
    first: 5,
    events: [
      emission(EVENTS.promptDeleted, {
        metadata: { aggregateId: 'g.id', aggregateRevision: 'g.revision' },
        actor: { userId: '$3::uuid', username: presentName('$3::uuid', '$4::text') },
        prompt: factsOfDeleted('g'),
      }),
    ],
  })}
  select revision from gone`,
)
