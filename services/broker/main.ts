import { loadConfig } from '#chassis/config.ts'
import { applyCatalogue } from './apply.ts'
import { renderValues, writeBroker } from './broker.ts'
import { applySchema, renderSchema, valuesSchema } from './config.ts'

// `render` writes the configuration that PF_… describe, and says which file nats-server is to be started with. `values` says the
// same as values of NATS's Helm chart. `apply` makes the streams and consumers of the catalogue, and says what it did.
const COMMANDS: Record<string, () => Promise<string[]>> = {
  render: () => Promise.resolve([writeBroker(loadConfig(renderSchema))]),
  values: () => Promise.resolve([renderValues(loadConfig(valuesSchema))]),
  apply: () => applyCatalogue(loadConfig(applySchema)),
}

const command = COMMANDS[process.argv[2] ?? '']
if (!command) throw new Error('unknown command: run `node services/broker/main.ts render`, `… values` or `… apply`')
for (const line of await command()) process.stdout.write(`${line}\n`)
