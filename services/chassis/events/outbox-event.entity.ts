import { defineEntity, p } from '@mikro-orm/postgresql'
import type { EventHeaders, OutboxRow } from './envelope.ts'

/** An event that a unit of work emits. What becomes of it later the relay writes, by statements of its own. */
export const OutboxEvent = defineEntity({
  name: 'OutboxEvent',
  tableName: 'outbox',
  properties: {
    id: p.uuid().primary(),
    subject: p.string().length(200),
    payload: p.json<OutboxRow['payload']>().columnType('json'),
    headers: p.json<EventHeaders>().columnType('json'),
    occurredAt: p.datetime(3),
  },
})
