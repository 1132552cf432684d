import { randomUUID } from 'node:crypto'
import { Migration } from '@mikro-orm/migrations'
import { v7 } from 'uuid'
import { EVENTS } from '#contracts/events.ts'
import { IDEMPOTENCY_TABLE } from '../db/idempotency.ts'
import type { Schema } from '../db/orm.ts'
import { postgres } from '../db/postgres.ts'
import { type PostgresConfig, postgresSchema } from '../config.ts'
import type { ServiceDefinition } from '../define-service.ts'
import { INBOX_TABLE } from '../events/inbox.ts'
import { OUTBOX_TABLE } from '../events/outbox.ts'
import type { Received } from '../events/envelope.ts'
import type { Subscription } from '../events/subscription.ts'
import type { TestDatabase } from '../testing/database.ts'
import { Nothing, withTheRest } from './harness.ts'

class Tables extends Migration {
  override up() {
    this.addSql(IDEMPOTENCY_TABLE)
    this.addSql(OUTBOX_TABLE)
    this.addSql(INBOX_TABLE)
  }
}

/** Its tables. */
export const eventSchema: Schema = {
  entities: [Nothing],
  tables: ['idempotency_keys', 'inbox', 'outbox'],
  migrations: [{ name: 'first', class: Tables }],
}

type Deps = { received: Received[] }

/** A service without RPCs, which emits what `prompt` or `user` may, and consumes what `analytics` or `version` does. */
export const eventService = (
  name: string,
  subscriptions: (received: Received[]) => Subscription[] = () => [],
): ServiceDefinition<PostgresConfig, Deps> => ({
  name,
  config: postgresSchema(name, 50052),
  store: postgres(eventSchema),
  context: () => ({ received: [] }),
  services: () => [],
  subscriptions: ({ received }) => withTheRest(name, subscriptions(received)),
})

/** Puts events into an outbox, as a statement of a service would; answers with their ids, in order. */
export async function emitDeleted({ query }: TestDatabase, count: number, at = new Date()): Promise<string[]> {
  const ids = Array.from({ length: count }, () => v7())
  const payload = deletedPayload()
  await query(
    `insert into outbox (id, subject, payload, headers, occurred_at)
    select id, $2, $3, '{"Pf-Request-Id": "r-1"}', $4 from unnest($1::uuid[]) id`,
    [ids, EVENTS.promptDeleted.subject, payload, at],
  )
  return ids
}

/** The payload of a PromptDeleted, as an outbox has it. */
export const deletedPayload = (promptId: string = randomUUID(), revision = 2) => ({
  metadata: { aggregateId: promptId, aggregateRevision: revision },
  actor: { userId: randomUUID(), username: 'lena' },
  prompt: { ownerId: randomUUID(), visible: false },
})

/** How much an outbox holds of each kind. */
export async function countOutbox({ query }: TestDatabase) {
  const [row] = await query<{ waiting: number; published: number; abandoned: number }>(
    `select count(*) filter (where processed_at is null and abandoned_at is null)::integer as waiting,
      count(processed_at)::integer as published, count(abandoned_at)::integer as abandoned from outbox`,
  )
  return row!
}
