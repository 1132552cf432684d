import { notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { UnlikePromptRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import * as db from '../db/likes.ts'

export const unlikePrompt = async ({ promptId }: UnlikePromptRequest, { sql, caller, origin }: Call) => {
  const { userId, username } = caller
  const [row] = await sql(db.unlikePrompt, { promptId, userId, username, ...eventValues(origin) })
  if (!row) throw notFound('prompt')
  return { likesCount: row.likes_count }
}
