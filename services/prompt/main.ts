import { runService } from '#chassis/run-service.ts'
import { promptService } from './service.ts'

await runService(promptService)
