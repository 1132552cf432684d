import { runService } from '#chassis/run-service.ts'
import { marketplaceService } from './service.ts'

await runService(marketplaceService)
