import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * Something that happened to a prompt; `userId` is who did it, or null, and then a view has a `viewerHash`. Partitioned by the
 * month of `eventTime`, in UTC.
 */
export const PromptActivityEvent = defineEntity({
  name: 'PromptActivityEvent',
  tableName: 'prompt_activity_events',
  properties: {
    id: p.bigint().primary().autoincrement(),
    eventId: p.uuid(),
    promptId: p.uuid(),
    title: p.string().length(200).nullable(),
    userId: p.uuid().nullable(),
    username: p.string().length(50).nullable(),
    category: p.string().length(50).nullable(),
    eventType: p.string().length(50),
    eventTime: p.datetime(3).primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    viewerHash: p.string().length(32).nullable(),
    properties: p.json<object>().nullable(),
    xid: p.string().columnType('xid8').defaultRaw('pg_current_xact_id()').nullable(),
  },
  uniques: [{ properties: ['eventId', 'eventTime'] }],
})
