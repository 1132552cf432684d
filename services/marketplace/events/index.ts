import { subscription, type Subscription } from '#chassis/events/subscription.ts'
import type { Deps } from '../context.ts'
import { onUserErased } from './on-user-erased.ts'

/** What this service does with the events of others, by stream. */
export const subscriptions = (deps: Pick<Deps, 'database' | 'remote'>): Subscription[] => [
  subscription('PF_USER', { batch: 1 }, { userErased: onUserErased(deps) }),
]
