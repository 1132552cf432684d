import { statement } from '#chassis/db/statements.ts'
import { ratingColumns, type RatingRow } from './ratings.ts'
import { type PageRow, pageOf, pageParams } from './social-page.ts'

/** What all ratings of a prompt come to. */
export type RatingSummaryRow = {
  count: number
  average: number | null
  /** How many are 1, 2, 3, 4 and 5. */
  distribution: number[]
}

const STARS = [1, 2, 3, 4, 5].map((stars) => `count(*) filter (where r.rating = ${stars})`)

/** True of every rating. The index of lists has this condition, so that no other statement reads from it. */
const isForLists = (row: string) => `${row}.rating is not null`

/** A page of a prompt's ratings: see `pageOf`. The distribution is counted in the index that the page is read from. */
export const listRatings = statement(
  'list_ratings',
  pageParams,
)<PageRow<RatingRow, RatingSummaryRow>>((p) =>
  pageOf(p, {
    table: 'prompt_ratings',
    columns: ratingColumns('c'),
    where: `c.prompt_id = p.id and ${isForLists('c')}`,
    ofPrompt: `select p.ratings_count as count, p.rating_avg::float8 as average, array[${STARS.join(', ')}]::integer[] as distribution
      from prompt_ratings r where r.prompt_id = p.id and ${isForLists('r')}`,
  }),
)
