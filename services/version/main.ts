import { runService } from '#chassis/run-service.ts'
import { versionService } from './service.ts'

await runService(versionService)
