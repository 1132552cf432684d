import { runService } from '#chassis/run-service.ts'
import { testService } from './service.ts'

await runService(testService)
