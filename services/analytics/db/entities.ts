import { PlatformHourly, PlatformTotal, PromptDaily, UserDaily } from './rollup.entities.ts'
import { PromptActivityEvent } from './prompt-activity-event.entity.ts'
import { PromptFacts } from './prompt-facts.entity.ts'
import { UserActivityEvent } from './user-activity-event.entity.ts'

/** What this service stores, but for the chassis's tables. */
export const entities = [
  UserActivityEvent,
  PromptActivityEvent,
  UserDaily,
  PromptDaily,
  PlatformHourly,
  PlatformTotal,
  PromptFacts,
]
