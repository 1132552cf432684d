import type { Subscription } from '#chassis/events/subscription.ts'
import type { Deps } from '../context.ts'
import { onContentChanged } from './on-content-changed.ts'

/** Events at once: with the most that a prompt can hold, some 15 MB. */
const BATCH = 16

/** What this service does with others' events. */
export const subscriptions = (deps: Deps): Subscription[] => [
  { stream: 'PF_PROMPT_CONTENT', batch: BATCH, handle: onContentChanged(deps) },
]
