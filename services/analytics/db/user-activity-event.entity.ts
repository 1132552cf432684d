import { defineEntity, p } from '@mikro-orm/postgresql'

/** Something that a user did with their account. Partitioned by the month of `eventTime`, in UTC. */
export const UserActivityEvent = defineEntity({
  name: 'UserActivityEvent',
  tableName: 'user_activity_events',
  properties: {
    id: p.bigint().primary().autoincrement(),
    eventId: p.uuid(),
    userId: p.uuid(),
    username: p.string().length(50).nullable(),
    email: p.string().length(100).nullable(),
    eventType: p.string().length(50),
    eventTime: p.datetime(3).primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    properties: p.json<object>().nullable(),
    xid: p.string().columnType('xid8').defaultRaw('pg_current_xact_id()').nullable(),
  },
  uniques: [{ properties: ['eventId', 'eventTime'] }],
})
