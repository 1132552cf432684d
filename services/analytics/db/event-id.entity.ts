import { defineEntity, p } from '@mikro-orm/postgresql'

/** When an event happened that can come again, by its id alone. */
export const EventId = defineEntity({
  name: 'EventId',
  tableName: 'event_ids',
  properties: { eventId: p.uuid().primary(), eventTime: p.datetime(3) },
})
