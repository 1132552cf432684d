import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { Pool } from 'pg'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { startMarketplace, usd } from '../../../services/marketplace/tests/harness.ts'
import { purchaseRpc } from './purchase.ts'

test('a purchase of the bare server answers and stores what one of the service does', async () => {
  const market = await startMarketplace()
  const pool = new Pool({ connectionString: market.database.url, max: 2 })
  try {
    const seller = await market.person('ann')
    const buyer = await market.person('bob')
    const first = await market.list(seller)
    const second = await market.list(seller)
    const real = await market.buy(buyer, first.listingId)
    const request = {
      listingId: second.listingId,
      licenseType: License_Type.PERSONAL,
      paymentMethod: 'pm_card_visa',
      expectedPrice: usd(1999),
      requestId: randomUUID(),
    }
    const caller = { userId: buyer.userId, username: 'bob', authorization: '' }
    const bare = await purchaseRpc(pool, market.env).handler(request, caller)
    expect(shapeOf(bare)).toEqual(shapeOf(real))
    const { rows } = await pool.query<{ rows: unknown }>(
      `select json_build_array(t.status, t.fee, t.next_check_at, t.revision, p.kind,
        (select json_agg(json_build_array(e.account, e.amount, e.currency) order by e.account)
          from ledger_entries e where e.posting_id = p.id),
        (select json_agg(regexp_replace(o.subject, '[^.]*$', '') order by o.subject) from outbox o
          where o.payload -> 'metadata' ->> 'aggregateId' in (t.id::text, i.id::text))) as rows
      from transactions t join licenses i on i.transaction_id = t.id join ledger_postings p on p.transaction_id = t.id
      order by t.created_at`,
    )
    expect(rows).toHaveLength(2)
    expect(rows[1]).toEqual(rows[0])
    const { rows: balances } = await pool.query('select pending::integer from seller_balances')
    expect(balances).toEqual([{ pending: 2 * 1599 }])
  } finally {
    await pool.end()
    await market.stop()
  }
})

/** An answer without what differs from purchase to purchase. */
const shapeOf = (answer: unknown) =>
  JSON.parse(
    JSON.stringify(answer, (name, value: unknown) =>
      typeof value === 'bigint'
        ? Number(value)
        : /Id$|At$|^licenseKey$|^keyHint$/.test(name) && value !== undefined
          ? 'differs'
          : value,
    ),
  ) as unknown
