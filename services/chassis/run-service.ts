import { type BaseConfig, loadConfig, type Schema as ConfigSchema } from './config.ts'
import type { Store } from './db/store.ts'
import { type Commands, createService, type ServiceDefinition } from './define-service.ts'
import { createLogger, type Logger } from './logger.ts'

/**
 * The whole `main.ts` of a service. Without an argument it starts, and drains at SIGTERM or SIGINT; with `migrate` it brings
 * the database up to date and ends, with the name of one of the service's own commands it does that. A wrong configuration is
 * said in full on stderr, and the exit code is 1.
 */
export async function runService<C extends BaseConfig, Context extends object, S extends Store>(
  definition: ServiceDefinition<C, Context, S>,
  [command, ...args] = process.argv.slice(2),
): Promise<void> {
  const config = readConfig(definition)
  const log = createLogger(definition.name, config.log.level)
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
    log.fatal({ err: error }, 'cannot start')
    process.exitCode = 1
    await service.destroy()
  })
}

async function runCommand(commands: Commands, command: string, args: string[], log: Logger) {
  const run = commands[command]
  if (!run)
    throw new Error(`unknown command ${command}: use one of ${['migrate', ...Object.keys(commands)].join(', ')}`)
  log.info(await run(args), command)
}

function readConfig<C extends BaseConfig>({ name, config }: { name: string; config: ConfigSchema<C> }): C {
  try {
    return loadConfig(config)
  } catch (error) {
    process.stderr.write(`${name}: the configuration is invalid:\n${(error as Error).message}\n`)
    process.exit(1)
  }
}
