import type { Received } from '#chassis/events/envelope.ts'
import type { UserErased } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import type { Deps } from '../context.ts'
import { eraseAuthor } from '../db/erased-users.ts'

/** It may be done again. */
export const onUserErased =
  ({ orm, versions }: Pick<Deps, 'orm' | 'versions'>) =>
  ({ payload: { metadata } }: Received<UserErased>) =>
    eraseAuthor({ orm, versions }, metadata!.aggregateId)
