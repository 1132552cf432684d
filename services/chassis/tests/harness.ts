import { defineEntity, p } from '@mikro-orm/core'
import { baseSchema, type BaseConfig } from '../config.ts'
import type { Overrides, ServiceDefinition } from '../define-service.ts'
import type { Served } from '../grpc/server.ts'
import { IDEMPOTENCY_TABLE } from '../db/idempotency.ts'
import { Migration } from '@mikro-orm/migrations'
import { startTestService } from '../testing/service.ts'

// MikroORM does not start without an entity.
const Nothing = defineEntity({ name: 'Nothing', properties: { id: p.integer().primary() } })

class FirstTables extends Migration {
  override up() {
    this.addSql(IDEMPOTENCY_TABLE)
  }
}

/** A service with nothing but the chassis, and the given handlers in the place of a domain. */
export const bareService = (services: Served[]): ServiceDefinition<BaseConfig, { services: Served[] }> => ({
  name: 'prompt',
  config: baseSchema('prompt', 50052),
  schema: { entities: [Nothing], migrations: [{ name: 'first', class: FirstTables }] },
  context: () => ({ services }),
  services: (context) => context.services,
})

/** Starts it on a database of its own. */
export const startBare = (
  services: Served[],
  options: { config?: Partial<BaseConfig>; overrides?: Overrides<object> } = {},
) => startTestService(bareService(services), options)
