import { statement } from '#chassis/db/statements.ts'
import type { RatingRow } from './ratings.ts'
import { type PageRow, pageOf, pageParams } from './social-page.ts'

/** What all ratings of a prompt come to. */
export type RatingSummaryRow = {
  ratings_count: number
  rating_avg: number | null
  /** How many are 1, 2, 3, 4 and 5. */
  distribution: number[]
}

const STARS = [1, 2, 3, 4, 5].map((stars) => `count(*) filter (where r.rating = ${stars})`)

/** A page of a prompt's ratings: see `pageOf`. The distribution is counted in the index that the page is read from. */
export const listRatings = statement(
  'list_ratings',
  pageParams,
)<PageRow<RatingRow, RatingSummaryRow>>((p) =>
  pageOf(p, {
    table: 'prompt_ratings',
    columns: 'c.user_id, c.username, c.rating, c.review, c.verified_purchase, c.updated_at',
    ofPrompt: `select p.ratings_count, p.rating_avg::float8 as rating_avg, array[${STARS.join(', ')}]::integer[] as distribution
      from prompt_ratings r where r.prompt_id = p.id`,
  }),
)
