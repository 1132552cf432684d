import { defineEntity, p } from '@mikro-orm/postgresql'

/** What a user may spend in a day (null: the operator's default), and how many tests of theirs have not ended. */
export const Budget = defineEntity({
  name: 'Budget',
  tableName: 'budgets',
  properties: {
    userId: p.uuid().primary(),
    dailyLimitMicros: p.bigint().nullable(),
    unfinished: p.integer().default(0),
  },
})

/** What a user's tests of a day (UTC) have cost, and the most that those which have not ended can cost: millionths of a US dollar. */
export const Spend = defineEntity({
  name: 'Spend',
  tableName: 'spend',
  properties: {
    userId: p.uuid().primary(),
    day: p.date().primary(),
    reserved: p.bigint(),
    spent: p.bigint().default(0),
  },
})
