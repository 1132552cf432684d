import { subscription, type Subscription } from '#chassis/events/subscription.ts'
import type { Deps } from '../context.ts'
import { onUserErased } from './on-user-erased.ts'

/** What this service does with the events of others. */
export const subscriptions = (deps: Pick<Deps, 'worker'>): Subscription[] => [
  subscription('PF_USER', { batch: 1 }, { userErased: onUserErased(deps) }),
]
