import { copyFileSync } from 'node:fs'
import { loadConfig } from '#chassis/config.ts'
import { DESCRIPTOR_SET, loadContract } from '#contracts/contract.ts'
import { SERVICES } from '../services.ts'
import { gatewaySchema } from './config.ts'
import { writeGateway } from './gateway.ts'

// Writes the configuration that PF_… describe, puts the descriptor set where Envoy is to find it, and says which file Envoy is to be
// started with.
const config = loadConfig(gatewaySchema(SERVICES))
const file = writeGateway(loadContract(), SERVICES, config)
if (config.descriptorSet !== DESCRIPTOR_SET) copyFileSync(DESCRIPTOR_SET, config.descriptorSet)
process.stdout.write(`${file}\n`)
