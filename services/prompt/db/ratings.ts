import { integer, nullable, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { EVENTS } from '#contracts/events.ts'
import { currentName } from './authors.ts'
import { factsOf } from './emissions.ts'
import { hasBought, isShownTo } from './readable.ts'

/** A rating as a message shows it. */
export type RatingRow = {
  userId: string
  username: string
  rating: number
  review: string | null
  verifiedPurchase: boolean
  createdAt: Date
  updatedAt: Date | null
}

/** Columns of RatingRow other than `createdAt`, of a row of `prompt_ratings`. */
export const ratingColumns = (
  row: string,
) => `${row}.user_id as "userId", ${row}.username, ${row}.rating, ${row}.review,
  ${row}.verified_purchase as "verifiedPurchase", ${row}.updated_at as "updatedAt"`

/** What became of a rating. Nobody rates a prompt of their own: then nothing was stored. */
export type RatedRow = { ratingsCount: number; ratingAvg: number } & (({ isOwn: false } & RatingRow) | { isOwn: true })

/**
 * Rates a prompt or replaces the user's rating, and counts it in the row of the prompt. Only another number is counted and emitted: another
 * review alone is neither. The name of a rating that is replaced is left to `renameAuthor`. No row: there is no such prompt that
 * the user may see.
 */
export const ratePrompt = statement('rate_prompt', {
  promptId: uuid,
  userId: uuid,
  username: text,
  rating: integer,
  review: nullable(text),
  ...eventParams,
})<RatedRow>(
  (p) => `with target as (
    select p.id, p.user_id = ${p.userId} as is_own, p.ratings_count, p.rating_avg, ${hasBought('p', p.userId)} as has_bought
    from prompts p
    where p.id = ${p.promptId} and ${isShownTo('p', p.userId)}
  ),
  rated as (
    insert into prompt_ratings as r (id, prompt_id, user_id, username, rating, review, verified_purchase, created_at)
    select uuidv7(), t.id, ${p.userId}, ${currentName(p.userId, p.username)}, ${p.rating}, ${p.review}, t.has_bought, now()
    from target t where not t.is_own
    on conflict (prompt_id, user_id) do update set rating = excluded.rating, review = excluded.review,
      verified_purchase = r.verified_purchase or excluded.verified_purchase,
      updated_at = case when (r.rating, r.review) is distinct from (excluded.rating, excluded.review)
        then greatest(r.updated_at, now()) else r.updated_at end
    returning new.*, old.rating as former
  ),
  counted as (
    update prompts p set ratings_count = p.ratings_count + case when r.former is null then 1 else 0 end,
      ratings_sum = p.ratings_sum + r.rating - coalesce(r.former, 0)
    from rated r where p.id = r.prompt_id and r.rating is distinct from r.former
    returning p.*
  ),
  ${outboxCte(p, {
    from: 'counted c cross join rated r',
    at: 'now()',
    aggregateId: 'c.id',
    events: [
      emission(EVENTS.promptRated, {
        metadata: { aggregateId: 'c.id', aggregateRevision: 'c.revision' },
        actor: { userId: 'r.user_id', username: currentName(p.userId, p.username) },
        prompt: factsOf('c'),
        rating: 'r.rating',
      }),
    ],
  })}
  select t.is_own as "isOwn", coalesce(c.ratings_count, t.ratings_count) as "ratingsCount",
    coalesce(c.rating_avg, t.rating_avg)::float8 as "ratingAvg", r.created_at as "createdAt", ${ratingColumns('r')}
  from target t left join rated r on true left join counted c on true`,
)

/** Takes a user's rating back, and counts it down. No row: there is no such prompt that the user may see. */
export const deleteRating = statement('delete_rating', { promptId: uuid, userId: uuid })<{ wasRated: boolean }>(
  (p) => `with target as (
    select p.id from prompts p where p.id = ${p.promptId} and ${isShownTo('p', p.userId)}
  ),
  gone as (
    delete from prompt_ratings r using target t
    where r.prompt_id = t.id and r.user_id = ${p.userId}
    returning r.prompt_id, r.rating
  ),
  counted as (
    update prompts p set ratings_count = p.ratings_count - 1, ratings_sum = p.ratings_sum - g.rating
    from gone g where p.id = g.prompt_id
  )
  select exists (select from gone) as "wasRated" from target`,
)
