import { EVENTS } from '#contracts/events.ts'

const SOLD = `event_type = '${EVENTS.purchaseCompleted.name}'`
const REFUNDED = `event_type = '${EVENTS.purchaseRefunded.name}'`
const RESTORED = `event_type = '${EVENTS.purchaseRestored.name}'`

/** What buyers paid of an amount in `properties`, less what was given back. */
const paid = (member: string) => `sum(case when ${REFUNDED} then -1 else 1 end * (properties ->> '${member}')::bigint)`

/**
 * A CTE that counts the purchases, and the refunds less those that were reversed, among the rows of a CTE `inserted` (`event_type`, `event_time`,
 * `properties`) for their sellers and prompts. A row is the buyer's, and so are the other rollups of it. Keys are written in order, as in `rollups.ts`.
 */
export const SALES_CTE = `
  counted_sales as (
    insert into sales_hourly as r (seller_id, prompt_id, hour, currency, sales, refunds, amount_cents, fee_cents)
    select (properties ->> 'sellerId')::uuid as seller_id, (properties ->> 'promptId')::uuid as prompt_id,
      date_trunc('hour', event_time, 'UTC') as hour, properties ->> 'currency' as currency,
      count(*) filter (where ${SOLD}), count(*) filter (where ${REFUNDED}) - count(*) filter (where ${RESTORED}), ${paid('amountCents')}, ${paid('feeCents')}
    from inserted
    where ${SOLD} or ${REFUNDED} or ${RESTORED}
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (seller_id, prompt_id, hour, currency) do update set
      sales = r.sales + excluded.sales,
      refunds = r.refunds + excluded.refunds,
      amount_cents = r.amount_cents + excluded.amount_cents,
      fee_cents = r.fee_cents + excluded.fee_cents
  )`
