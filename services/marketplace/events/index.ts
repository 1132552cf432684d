import type { Subscription } from '#chassis/events/subscription.ts'
import type { Deps } from '../context.ts'

/** What this service does with the events of others, by stream. */
export const subscriptions = (_: Pick<Deps, 'database' | 'remote'>): Subscription[] => []
