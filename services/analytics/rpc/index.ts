import { serve } from '#chassis/grpc/server.ts'
import { AnalyticsServiceService } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { getPlatformStats } from './get-platform-stats.ts'
import { getPromptStats } from './get-prompt-stats.ts'
import { getUserStats } from './get-user-stats.ts'

/** The table: a handler for each RPC. */
export const services = () => [serve(AnalyticsServiceService, { getPlatformStats, getPromptStats, getUserStats })]
