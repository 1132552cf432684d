import { runService } from '#chassis/run-service.ts'
import { analyticsService } from './service.ts'

await runService(analyticsService)
