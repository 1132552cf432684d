import { failedPrecondition, notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { RatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import * as db from '../db/ratings.ts'
import { toRating } from './social-view.ts'

export const ratePrompt = async ({ promptId, rating, review }: RatePromptRequest, { sql, caller, origin }: Call) => {
  const { userId, username } = caller
  const given = { rating, review: review || null }
  const [row] = await sql(db.ratePrompt, { promptId, userId, username, ...given, ...eventValues(origin) })
  if (!row) throw notFound('prompt')
  if (row.isOwn) throw failedPrecondition('OWN_PROMPT', 'you cannot rate your own prompt')
  return { rating: toRating(row), ratingsCount: row.ratingsCount, ratingAvg: row.ratingAvg }
}
