import { notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { UnfollowUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import * as db from '../db/follows.ts'
import { notYourself } from '../user.ts'

export const unfollowUser = async ({ userId }: UnfollowUserRequest, { sql, caller, origin }: Call) => {
  if (userId === caller.userId) throw notYourself()
  const [row] = await sql(db.unfollowUser, { userId, followerId: caller.userId, ...eventValues(origin) })
  if (!row) throw notFound('user')
  return { followersCount: row.followers_count }
}
