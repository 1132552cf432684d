import { serve } from '#chassis/grpc/server.ts'
import { AnalyticsServiceService } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { AuditServiceService } from '#contracts/gen/promptforge/audit/v1/audit_service.ts'
import type { Deps } from '../context.ts'
import { getPlatformStats } from './get-platform-stats.ts'
import { getPromptStats } from './get-prompt-stats.ts'
import { getUserStats } from './get-user-stats.ts'
import { listAuditEntries } from './list-audit-entries.ts'
import { listPromptEvents } from './list-prompt-events.ts'
import { listTrendingPrompts } from './list-trending-prompts.ts'
import { listUserEvents } from './list-user-events.ts'
import { watchEvents } from './watch-events.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(AnalyticsServiceService, {
    getPlatformStats,
    listTrendingPrompts: listTrendingPrompts(deps),
    getPromptStats,
    getUserStats,
    listUserEvents: listUserEvents(deps),
    listPromptEvents: listPromptEvents(deps),
    watchEvents: watchEvents(deps),
  }),
  serve(AuditServiceService, { listAuditEntries: listAuditEntries(deps) }),
]
