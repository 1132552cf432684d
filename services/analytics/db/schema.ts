import type { Schema } from '#chassis/db/orm.ts'
import { AuditEntry } from './audit-entry.entity.ts'
import { SalesHourly } from './sales-hourly.entity.ts'
import { PlatformHourly, PlatformTotal, PromptDaily, UserDaily } from './rollup.entities.ts'
import { PromptActivityEvent } from './prompt-activity-event.entity.ts'
import { PromptFacts } from './prompt-facts.entity.ts'
import { PromptVote } from './prompt-vote.entity.ts'
import { TrendingPrompt } from './trending-prompt.entity.ts'
import { UserFacts } from './user-facts.entity.ts'
import { CountedOnce } from './counted-once.entity.ts'
import { EventId } from './event-id.entity.ts'
import { UserActivityEvent } from './user-activity-event.entity.ts'
import { migrations } from './migrations/index.ts'

/** What this service stores. */
export const schema = {
  entities: [
    UserActivityEvent,
    PromptActivityEvent,
    UserDaily,
    PromptDaily,
    PlatformHourly,
    PlatformTotal,
    SalesHourly,
    PromptFacts,
    UserFacts,
    PromptVote,
    TrendingPrompt,
    EventId,
    CountedOnce,
    AuditEntry,
  ],
  tables: [],
  migrations,
} satisfies Schema
