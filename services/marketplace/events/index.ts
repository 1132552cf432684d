import { subscription, type Subscription } from '#chassis/events/subscription.ts'
import type { Deps } from '../context.ts'
import { onPromptDeleted, onPromptUpdated } from './on-prompt-changed.ts'
import { onUserErased } from './on-user-erased.ts'

/** What this service does with the events of others, by stream. */
export const subscriptions = (deps: Pick<Deps, 'database' | 'remote'>): Subscription[] => [
  subscription('PF_USER', { batch: 1 }, { userErased: onUserErased(deps) }),
  subscription(
    'PF_PROMPT',
    { batch: 50 },
    { promptUpdated: onPromptUpdated(deps), promptDeleted: onPromptDeleted(deps) },
  ),
]
