import { loadConfig } from '#chassis/config.ts'
import { loadContract } from '#contracts/contract.ts'
import { SERVICES } from '../services.ts'
import { gatewaySchema } from './config.ts'
import { writeGateway } from './gateway.ts'

// Writes the configuration that PF_… describe, and says which file Envoy is to be started with.
process.stdout.write(`${writeGateway(loadContract(), SERVICES, loadConfig(gatewaySchema(SERVICES)))}\n`)
