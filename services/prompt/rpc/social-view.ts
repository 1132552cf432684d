import type { Like, Rating, RatingSummary } from '#contracts/gen/promptforge/prompt/v1/social.ts'
import type { LikeRow } from '../db/list-likes.ts'
import type { RatingSummaryRow } from '../db/list-ratings.ts'
import type { RatingRow } from '../db/ratings.ts'

/** A like in a list. */
export const toLike = (row: LikeRow): Like => ({ userId: row.user_id, createdAt: row.created_at })

/** A rating as everybody sees it who may see its prompt. */
export const toRating = (row: RatingRow): Rating => ({
  userId: row.user_id,
  username: row.username,
  rating: row.rating,
  review: row.review ?? '',
  verifiedPurchase: row.verified_purchase,
  createdAt: row.created_at,
  updatedAt: row.updated_at ?? undefined,
})

/** What all ratings of a prompt come to. */
export const toRatingSummary = (row: RatingSummaryRow): RatingSummary => ({
  count: row.ratings_count,
  average: row.rating_avg ?? undefined,
  distribution: row.distribution,
})
