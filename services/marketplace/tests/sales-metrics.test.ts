import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { jobCause } from '#chassis/cause.ts'
import { createService } from '#chassis/define-service.ts'
import { createLogger } from '#chassis/logger.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testConfig } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import { marketplaceService } from '../service.ts'
import { requestRefund } from '../transaction.ts'
import { type Marketplace, type Person, startMarketplace, TEST_ENV } from './harness.ts'
import { move } from './ledger-moves.ts'

let market: Marketplace
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
afterAll(() => market.stop())

const read = (name: string) => readMetric(market.metricsUrl, name)

const buy = async (paymentMethod: string) => {
  const { listingId } = await market.list(seller)
  return (await market.buy(buyer, listingId, { paymentMethod })).transaction!.transactionId
}

test('purchases are counted by their outcome', async () => {
  await buy('pm_card_visa')
  await buy('pm_card_visa')
  await buy('pm_card_chargeDeclinedInsufficientFunds')
  const outcome = (name: string) => read(`purchases_total{outcome="${name}"`)
  expect(await outcome('completed')).toBe(2)
  expect(await outcome('insufficient_funds')).toBe(1)
  expect(await read('purchases_total')).toBe(3)
})

test('purchases and refunds that have not ended are counted, with the age of the oldest purchase', async () => {
  const [pending, refunded] = [await buy('pm_card_visa'), await buy('pm_card_visa')]
  expect(await read('purchases_pending')).toBe(0)
  expect(await read('purchases_oldest_pending_seconds')).toBe(0)
  expect(await read('refunds_requested')).toBe(0)
  const { query } = market.database
  const set = (fields: string) => query(`update transactions set ${fields} where id = '${pending}'`)
  // As if the payment provider had not answered yet, and nobody would ask it again meanwhile.
  await set(`status = 'PENDING', completed_at = null, created_at = now() - interval '10 minutes', next_check_at = null`)
  await move(market, refunded, (tx, now) => requestRefund(tx, { as: 'SELLER' }, now))
  expect(await read('purchases_pending')).toBe(1)
  expect(await read('purchases_oldest_pending_seconds')).toBeGreaterThanOrEqual(600)
  expect(await read('refunds_requested')).toBe(1)
  await set(`status = 'COMPLETED', completed_at = now()`)
  expect(await read('purchases_pending')).toBe(0)
})

test('payment notices that are refused are counted by their reason', async () => {
  const raw = { contentType: 'application/json', data: Buffer.from('{}'), extensions: [] }
  const error = await market.silenced(() => rejection(market.webhook.receivePaymentNotice({ raw })))
  expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'SIGNATURE_INVALID' })
  expect(await read('payment_notices_refused_total{reason="EVENT_NOT_SIGNED"')).toBe(1)
  expect(await read('payment_notices_refused_total')).toBe(1)
})

test('the ledger is counted at the start and again, and how many balances are wrong is told and logged', async () => {
  const { database, service } = market
  await until('the ledger to be counted', async () => {
    const text = await (await fetch(market.metricsUrl)).text()
    return text.includes('\nledger_wrong_balances{')
  })
  expect(await read('ledger_wrong_balances')).toBe(0)
  await buy('pm_card_visa')
  const job = service.context.sales.jobs.find(({ name }) => name === 'check ledger')!
  const count = async () => {
    await market.silenced(() => job.run(new AbortController().signal, jobCause('test')) as Promise<void>)
    return read('ledger_wrong_balances')
  }
  expect(await count()).toBe(0)
  await database.query(`update seller_balances set pending = pending + 1 where seller_id = '${seller.userId}'`)
  expect(await count()).toBe(1)
  await database.query(
    `insert into seller_balances (seller_id, currency, available) values ('${buyer.userId}', 'EUR', -1)`,
  )
  expect(await count()).toBe(2)
  await database.query('delete from seller_balances')
  expect(await count()).toBe(1)
})

test('a fee of more than the sale does not start', async () => {
  const startedWith = (bps: string) =>
    createService(
      marketplaceService,
      testConfig(marketplaceService, {
        ...TEST_ENV,
        PF_POSTGRES_URL: market.database.url,
        PF_MARKETPLACE_FEE_BPS: bps,
      }),
      { log: createLogger('test', 'silent') },
    )
  await expect(startedWith('10001')).rejects.toThrow('PF_MARKETPLACE_FEE_BPS is 10001: set 0 to 10000')
  const whole = await startedWith('10000')
  await whole.destroy()
})
