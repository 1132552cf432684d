import { type SqlNames, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { currentName } from './authors.ts'
import { factsOf } from './emissions.ts'
import { isShownTo } from './readable.ts'

const params = { promptId: uuid, userId: uuid, username: text, ...eventParams }

/** How many like the prompt afterwards. No row: there is no such prompt that the user may read. */
type LikesRow = { likes_count: number }

/** Likes a prompt and counts the like in the row of the prompt; a second like of the same user is none. */
export const likePrompt = statement(
  'like_prompt',
  params,
)<LikesRow>((p) =>
  changeLikes(p, {
    event: EVENTS.promptLiked,
    step: 1,
    changed: `insert into prompt_likes (id, prompt_id, user_id, created_at)
      select uuidv7(), t.id, ${p.userId}, now() from target t
      on conflict (prompt_id, user_id) do nothing
      returning prompt_id`,
  }),
)

/** Takes a like back, and counts it down. */
export const unlikePrompt = statement(
  'unlike_prompt',
  params,
)<LikesRow>((p) =>
  changeLikes(p, {
    event: EVENTS.promptUnliked,
    step: -1,
    changed: `delete from prompt_likes l using target t
      where l.prompt_id = t.id and l.user_id = ${p.userId}
      returning l.prompt_id`,
  }),
)

type Change = {
  event: typeof EVENTS.promptLiked | typeof EVENTS.promptUnliked
  /** What is added to the count for the row that `changed` returns. */
  step: 1 | -1
  /** Changes the like of the prompt in `target`, and returns its `prompt_id` when there was something to change. */
  changed: string
}

function changeLikes(p: SqlNames<typeof params>, { event, step, changed }: Change): string {
  return `
  with target as (
    select p.id, p.likes_count from prompts p
    where p.id = ${p.promptId} and ${isShownTo('p', p.userId)}
  ),
  changed as (${changed}),
  counted as (
    update prompts p set likes_count = p.likes_count + ${step} from changed c where p.id = c.prompt_id
    returning p.*
  ),
  ${outboxCte(p, {
    from: 'counted c',
    at: 'now()',
    aggregateId: 'c.id',
    events: [
      emission(event, {
        metadata: { aggregateId: 'c.id', aggregateRevision: 'c.revision' },
        actor: { userId: p.userId, username: currentName(p.userId, p.username) },
        prompt: factsOf('c'),
      }),
    ],
  })}
  select coalesce((select likes_count from counted), t.likes_count) as likes_count from target t`
}
