import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * What a seller sold of a prompt within an hour, in one currency: how many licences were paid and refunded, and what buyers paid and
 * PromptForge kept of it, cents, less refunds. Below zero where more was refunded than sold.
 */
export const SalesHourly = defineEntity({
  name: 'SalesHourly',
  tableName: 'sales_hourly',
  properties: {
    sellerId: p.uuid().primary(),
    promptId: p.uuid().primary(),
    hour: p.datetime(3).primary(),
    currency: p.string().length(3).primary(),
    sales: p.bigint(),
    refunds: p.bigint(),
    amountCents: p.bigint(),
    feeCents: p.bigint(),
  },
})
