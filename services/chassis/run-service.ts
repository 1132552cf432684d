import { type BaseConfig, loadConfig, type Schema as ConfigSchema } from './config.ts'
import { reach } from './db/reach.ts'
import type { Store } from './db/store.ts'
import { type Commands, createService, type Printed, type ServiceDefinition } from './define-service.ts'
import { createLogger, type Logger } from './logger.ts'

/** Milliseconds that a command waits for a database that is down: the first minute of a job that starts beside it. */
const WAIT_MS = 60_000

/**
 * The whole `main.ts` of a service. Without an argument it starts, and drains at SIGTERM or SIGINT; with `migrate` it brings
 * the database up to date and ends, with the name of one of the service's own commands it does that. What keeps it from that is logged
 * in one line, which says what to do, and the exit code is 1.
 */
export async function runService<C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  args = process.argv.slice(2),
): Promise<void> {
  const config = readConfig(definition)
  const log = createLogger(definition.name, config.log.level)
  try {
    await run(definition, config, log, args)
  } catch (error) {
    log.fatal({ err: error }, args.length > 0 ? `cannot ${args[0]}` : 'cannot start')
    process.exitCode = 1
  }
}

async function run<C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  config: C,
  log: Logger,
  [command, ...args]: string[],
): Promise<void> {
  const fault = await reach(() => definition.store.look(config), log, command === undefined ? 0 : WAIT_MS)
  if (fault && (command !== undefined || !fault.isDown)) {
    log.fatal(fault.message)
    process.exitCode = 1
    return
  }
  if (fault) log.warn(`${fault.message}. The service starts, and is ready when it answers`)
  if (command === 'migrate') {
    const applied = await definition.store.migrate(config, log)
    log.info({ applied }, applied.length > 0 ? 'migrated' : 'nothing to migrate')
    return
  }
  const service = await createService(definition, config, { log })
  if (command !== undefined) {
    try {
      await runCommand(service.commands, command, args, log)
    } finally {
      await service.destroy()
    }
    return
  }
  const stop = async (signal: NodeJS.Signals) => {
    log.info({ signal }, 'draining')
    await service.destroy()
    log.info('stopped')
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, (name) => void stop(name))
  await service.start().catch(async (error: unknown) => {
    await service.destroy()
    throw error
  })
}

async function runCommand(commands: Commands, command: string, args: string[], log: Logger) {
  const run = commands[command]
  if (!run)
    throw new Error(`unknown command ${command}: use one of ${['migrate', ...Object.keys(commands)].join(', ')}`)
  const result = await run(args)
  if (!isPrinted(result)) {
    log.info(result, command)
    return
  }
  process.stdout.write(`${result.lines.join('\n')}\n`)
  if (result.isFailure) process.exitCode = 1
}

const isPrinted = (result: object): result is Printed => 'lines' in result

function readConfig<C extends BaseConfig>({ name, config }: { name: string; config: ConfigSchema<C> }): C {
  try {
    return loadConfig(config)
  } catch (error) {
    const problems = (error as Error).message.split('\n').join('; ')
    createLogger(name, 'fatal').fatal(`the configuration is invalid: ${problems}`)
    process.exit(1)
  }
}
