import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { FIRST_ID } from '#chassis/ids.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf } from '#chassis/testing/plan-of.ts'
import { asking, describePlans, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { countUnsettled } from '../db/count-unsettled.ts'
import { schema } from '../db/schema.ts'
import { getBalances, getRevenue, listStatement } from '../db/seller-money.ts'
import { fillSales } from './ledger-moves.ts'

let database: TestDatabase
const BUSY = v7()
const ANN = v7()

// One seller with 2,000 sales, one with 200, and 30,000 of others; many have a balance.
beforeAll(async () => {
  database = await testDatabase(schema)
  const at = '2026-03-01T00:00:00Z'
  await fillSales(database, v7(), 15_000, at)
  await fillSales(database, BUSY, 2000, at)
  await fillSales(database, ANN, 200, at)
  await fillSales(database, v7(), 15_000, at)
  await database.query(
    `insert into seller_balances (seller_id, currency) select id, 'USD' from transactions limit 5000`,
  )
  await database.query('analyze')
})
afterAll(() => database.drop())

const range = { to: new Date('2026-04-01T00:00:00Z') }
const page = { ...range, afterTime: new Date('2026-02-01T00:00:00Z'), afterId: FIRST_ID }
const months = ['2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z']
const periods = { currency: 'USD', starts: months.slice(0, -1), ends: months.slice(1) }

describePlans(
  () => database,
  [
    asking(getBalances, { sellerId: BUSY }),
    asking(listStatement, { sellerId: BUSY, ...page }),
    asking(countUnsettled, {}),
  ],
)

describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
  test.each([
    ['a busy seller', BUSY],
    ['another', ANN],
  ])('the revenue of %s scans no table, and sorts periods only', async (_, sellerId) => {
    const nodes = await planOf(database, mode, getRevenue, { sellerId, ...periods })
    expect(tablesScanned(nodes)).toEqual([])
    expect(Math.max(...rowsSorted(nodes))).toBeLessThanOrEqual(2)
  })

  test('a statement of less than a page scans no table', async () => {
    expect(tablesScanned(await planOf(database, mode, listStatement, { sellerId: ANN, ...page }))).toEqual([])
  })
})
