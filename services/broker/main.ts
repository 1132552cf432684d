import { loadConfig } from '#chassis/config.ts'
import { timeArgument } from '#chassis/time-argument.ts'
import { applyCatalogue, rewindConsumers } from './apply.ts'
import { renderValues, writeBroker } from './broker.ts'
import { applySchema, renderSchema, valuesSchema } from './config.ts'

// `render` writes the configuration that PF_… describe, and says which file nats-server is to be started with. `values` says the
// same as values of NATS's Helm chart. `apply` makes the streams and consumers of the catalogue, and says what it did.
// `rewind SERVICE TIME` lets the consumers of a service begin again at a time.
const COMMANDS: Record<string, (args: string[]) => Promise<string[]>> = {
  render: () => Promise.resolve([writeBroker(loadConfig(renderSchema))]),
  values: () => Promise.resolve([renderValues(loadConfig(valuesSchema))]),
  apply: () => applyCatalogue(loadConfig(applySchema)),
  rewind: ([service = '', since = '']) =>
    rewindConsumers(loadConfig(applySchema), service, timeArgument('rewind', since)),
}

const [name = '', ...args] = process.argv.slice(2)
const command = COMMANDS[name]
if (!command)
  throw new Error(
    'unknown command: run `node services/broker/main.ts render`, `… values`, `… apply` or `… rewind SERVICE TIME`',
  )
for (const line of await command(args)) process.stdout.write(`${line}\n`)
