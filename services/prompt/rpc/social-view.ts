import type { Comment, Like, Rating, RatingSummary } from '#contracts/gen/promptforge/prompt/v1/social.ts'
import type { CommentRow } from '../db/comments.ts'
import type { LikeRow } from '../db/list-likes.ts'
import type { RatingSummaryRow } from '../db/list-ratings.ts'
import type { RatingRow } from '../db/ratings.ts'

/** A like in a list. */
export const toLike = ({ userId, createdAt }: LikeRow): Like => ({ userId, createdAt })

/** A rating as everybody sees it who may see its prompt. */
export const toRating = (row: RatingRow): Rating => ({
  userId: row.userId,
  username: row.username,
  rating: row.rating,
  review: row.review ?? '',
  verifiedPurchase: row.verifiedPurchase,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt ?? undefined,
})

/** What all ratings of a prompt come to. */
export const toRatingSummary = ({ count, average, distribution }: RatingSummaryRow): RatingSummary => ({
  count,
  average: average ?? undefined,
  distribution,
})

/** A comment as everybody sees it who may see its prompt. Of a deleted one only the place is left. */
export function toComment(row: CommentRow, repliesCount: number): Comment {
  const deleted = Boolean(row.deletedAt)
  return {
    id: row.id,
    userId: deleted ? '' : row.userId,
    username: deleted ? '' : row.username,
    content: row.content,
    parentId: row.parentId ?? undefined,
    repliesCount,
    deleted,
    createdAt: row.createdAt,
    updatedAt: deleted ? undefined : (row.updatedAt ?? undefined),
  }
}
