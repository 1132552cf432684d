import { defineEntity, p } from '@mikro-orm/core'
import { type PostgresConfig, postgresSchema } from '../config.ts'
import type { Overrides, ServiceDefinition } from '../define-service.ts'
import type { Served } from '../grpc/server.ts'
import { IDEMPOTENCY_TABLE } from '../db/idempotency.ts'
import type { Schema } from '../db/orm.ts'
import { postgres } from '../db/postgres.ts'
import { OUTBOX_TABLE } from '../events/outbox.ts'
import { Migration } from '@mikro-orm/migrations'
import { startTestService } from '../testing/service.ts'

/** MikroORM does not start without an entity. */
export const Nothing = defineEntity({ name: 'Nothing', properties: { id: p.integer().primary() } })

class FirstTables extends Migration {
  override up() {
    this.addSql(IDEMPOTENCY_TABLE)
    this.addSql(OUTBOX_TABLE)
  }
}

/** What it stores. */
export const bareSchema: Schema = { entities: [Nothing], migrations: [{ name: 'first', class: FirstTables }] }

/** A service with nothing but the chassis, and the given handlers in the place of a domain. */
export const bareService = (services: Served[]): ServiceDefinition<PostgresConfig, { services: Served[] }> => ({
  name: 'prompt',
  config: postgresSchema('prompt', 50052),
  store: postgres(bareSchema),
  context: () => ({ services }),
  services: (context) => context.services,
})

/** Starts it on a database of its own. */
export const startBare = (
  services: Served[],
  options: { config?: Partial<PostgresConfig>; overrides?: Overrides<object> } = {},
) => startTestService(bareService(services), options)
