import { type BaseConfig, loadConfig } from './config.ts'
import { createService, type ServiceDefinition } from './define-service.ts'
import { createLogger } from './logger.ts'

/**
 * The whole `main.ts` of a service. Without an argument it starts, and drains at SIGTERM or SIGINT; with `migrate` it brings
 * the database up to date and ends. A wrong configuration is said in full on stderr, and the exit code is 1.
 */
export async function runService<C extends BaseConfig, Context extends object>(
  definition: ServiceDefinition<C, Context>,
  command = process.argv[2],
): Promise<void> {
  const config = readConfig(definition)
  const log = createLogger(definition.name, config.log.level)
  if (command === 'migrate') {
    const { migrate } = await import('./db/migrate.ts')
    const applied = await migrate(definition.schema, config.postgres.url, log)
    log.info({ applied }, applied.length > 0 ? 'migrated' : 'nothing to migrate')
    return
  }
  const service = await createService(definition, config, { log })
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

function readConfig<C extends BaseConfig, Context>({ name, config }: ServiceDefinition<C, Context>): C {
  try {
    return loadConfig(config)
  } catch (error) {
    process.stderr.write(`${name}: the configuration is wrong:\n${(error as Error).message}\n`)
    process.exit(1)
  }
}
