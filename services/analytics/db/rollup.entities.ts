import { defineEntity, p } from '@mikro-orm/postgresql'

const counted = { eventType: p.string().length(50).primary(), count: p.bigint() }

/** How often something happened to a prompt on a day in UTC. */
export const PromptDaily = defineEntity({
  name: 'PromptDaily',
  tableName: 'prompt_daily',
  properties: { promptId: p.uuid().primary(), day: p.date().primary(), ...counted },
})

/** How often a user did something with their account on a day in UTC. */
export const UserDaily = defineEntity({
  name: 'UserDaily',
  tableName: 'user_daily',
  properties: { userId: p.uuid().primary(), day: p.date().primary(), ...counted },
})

/** How often something happened within an hour. */
export const PlatformHourly = defineEntity({
  name: 'PlatformHourly',
  tableName: 'platform_hourly',
  properties: { hour: p.datetime(3).primary(), ...counted },
})

/** How often something happened at all. */
export const PlatformTotal = defineEntity({
  name: 'PlatformTotal',
  tableName: 'platform_totals',
  properties: counted,
})
