import { batchSubscription, subscription, type Subscription } from '#chassis/events/subscription.ts'
import { EVENTS } from '#contracts/events.ts'
import type { Deps } from '../context.ts'
import { onContentChanged } from './on-content-changed.ts'
import { onUserErased } from './on-user-erased.ts'

/** Events at once: with the most that a prompt can hold, some 15 MB. */
const BATCH = 16

/** What this service does with others' events. */
export const subscriptions = (deps: Deps): Subscription[] => [
  batchSubscription('PF_PROMPT_CONTENT', { batch: BATCH }, [EVENTS.promptContentChanged], onContentChanged(deps)),
  subscription('PF_USER', { batch: 1 }, { userErased: onUserErased(deps) }),
]
