import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { DeleteRatingRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import * as db from '../db/ratings.ts'

export const deleteRating = async ({ promptId }: DeleteRatingRequest, { sql, caller }: Call) => {
  const [row] = await sql(db.deleteRating, { promptId, userId: caller.userId })
  if (!row) throw notFound('prompt')
  if (!row.wasRated) throw notFound('rating')
  return {}
}
