import { defineEntity, p } from '@mikro-orm/core'
import { type PostgresConfig, postgresSchema } from '../config.ts'
import type { Overrides, ServiceDefinition } from '../define-service.ts'
import { pathsOf, type Served } from '../grpc/server.ts'
import { IDEMPOTENCY_TABLE } from '../db/idempotency.ts'
import type { Database, Schema } from '../db/orm.ts'
import { postgres } from '../db/postgres.ts'
import { OUTBOX_TABLE } from '../events/outbox.ts'
import { batchSubscription, type Subscription } from '../events/subscription.ts'
import { Migration } from '@mikro-orm/migrations'
import { type Contract, loadContract } from '#contracts/contract.ts'
import { consumedBy } from '#contracts/events.ts'
import { UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { TestDatabase } from '../testing/database.ts'
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
export const bareSchema: Schema = {
  entities: [Nothing],
  tables: ['idempotency_keys', 'outbox'],
  migrations: [{ name: 'first', class: FirstTables }],
}

/** A service with nothing but the chassis, and the given handlers in the place of a domain. */
export const bareService = (
  services: Served<Database>[],
): ServiceDefinition<PostgresConfig, { services: Served<Database>[]; database: Database }> => ({
  name: 'prompt',
  config: postgresSchema('prompt', 50052),
  store: postgres(bareSchema),
  context: ({ database }) => ({ services, database }),
  services: (context) => context.services,
  subscriptions: () => withTheRest('prompt', []),
})

/** A service must handle all that the catalogue gives it: what a test has nothing to do with is ignored. */
export function withTheRest(name: string, subscriptions: Subscription[]): Subscription[] {
  const others = consumedBy(name).filter((event) => !subscriptions.some(({ stream }) => stream === event.stream))
  const streams = [...new Set(others.map(({ stream }) => stream))]
  const ignored = streams.map((stream) =>
    batchSubscription(stream, { batch: 100 }, consumedBy(name, stream), async () => []),
  )
  return [...subscriptions, ...ignored]
}

/** Some RPCs of UserService, for a service that has no others. */
export const Users = (({ getUser, batchGetUsers, updateUser }) => ({ getUser, batchGetUsers, updateUser }))(
  UserServiceService,
)

/** The contract of a service that serves only these. */
export const contractOf = (services: Served<never>[]): Contract => {
  const contract = loadContract()
  const paths = new Set(pathsOf(services))
  return { ...contract, methods: new Map([...contract.methods].filter(([path]) => paths.has(path))) }
}

/** Starts it on a database of its own. Its contract has the methods that it serves, and no others. */
export const startBare = (
  services: Served<Database>[],
  options: { config?: Partial<PostgresConfig>; overrides?: Overrides<object>; database?: TestDatabase } = {},
) =>
  startTestService(bareService(services), {
    ...options,
    overrides: { contract: contractOf(services), ...options.overrides },
  })
