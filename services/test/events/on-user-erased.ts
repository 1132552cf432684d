import type { Received } from '#chassis/events/envelope.ts'
import type { UserErased } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import type { Deps } from '../context.ts'

/** It may be done again. */
export const onUserErased =
  ({ worker }: Pick<Deps, 'worker'>) =>
  (received: Received<UserErased>) =>
    worker.eraseUser(received.payload.metadata!.aggregateId, received)
