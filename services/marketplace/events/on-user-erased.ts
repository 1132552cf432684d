import type { Received } from '#chassis/events/envelope.ts'
import type { UserErased } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import type { Deps } from '../context.ts'
import { eraseUser } from '../erase-user.ts'

/** It may be done again. */
export const onUserErased =
  ({ database }: Pick<Deps, 'database'>) =>
  (received: Received<UserErased>) =>
    eraseUser(database, received.payload.metadata!.aggregateId, received)
