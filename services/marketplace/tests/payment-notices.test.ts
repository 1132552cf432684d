import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { status as code } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { Transaction_Status as Status } from '#contracts/gen/promptforge/marketplace/v1/transaction.ts'
import { signatureOf } from '../../dev-env/payments/webhooks.ts'
import { notify, passNotices } from './notices.ts'
import { ended, makeOld, outcomeOf, PAID, reconcile } from './purchase-outcome.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

let market: Marketplace
let seller: Person
let buyer: Person
let secret: string

beforeAll(async () => {
  market = await startMarketplace()
  secret = market.env['PF_PAYMENTS_WEBHOOK_SECRET']!
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
beforeEach(() => market.payments.control.order())
afterAll(() => market.stop())

/** Buys what the provider processes for a while, and has then charged, of which it has told nobody. */
async function chargedLate() {
  const { listingId } = await market.list(seller)
  await market.payments.control.order({ call: 'confirm', slow: { ms: 200, end: 'succeeded' } })
  const { transaction } = await market.buy(buyer, listingId)
  expect(transaction!.status).toBe(Status.PENDING)
  const id = transaction!.transactionId
  await until('the charge', async () => (await market.payments.control.of(id)).payments[0]?.status === 'succeeded')
  const { payments } = await market.payments.control.of(id)
  return { id, reference: payments[0]!.id }
}

/** A notice as the provider writes it. */
const noticeOf = (
  reference: string,
  { type = 'payment_intent.succeeded', id = `evt_${randomUUID().slice(0, 8)}` } = {},
) => JSON.stringify({ id, type, data: { object: { id: reference, object: 'payment_intent', status: 'succeeded' } } })

const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds

const inbox = () => market.database.query<{ event_id: string }>('select event_id from inbox')

test('a notice completes a purchase that was pending, also when it comes again', async () => {
  const { id, reference } = await chargedLate()
  const notice = noticeOf(reference)
  await notify(market, notice, signatureOf(notice, secret))
  expect(await ended(market, id)).toEqual(PAID)
  await notify(market, notice, signatureOf(notice, secret))
  expect(await outcomeOf(market, id)).toEqual(PAID)
})

test('the provider’s own notices complete a purchase, late and doubled', async () => {
  await using notices = await passNotices(market)
  const { listingId } = await market.list(seller)
  await market.payments.control.order(
    { call: 'confirm', slow: { ms: 300, end: 'succeeded' } },
    { call: 'webhook', event: 'payment_intent.succeeded', beforeMs: 500, copies: 3 },
  )
  const { transaction } = await market.buy(buyer, listingId)
  expect(transaction!.status).toBe(Status.PENDING)
  expect(await ended(market, transaction!.transactionId)).toEqual(PAID)
  // One that it is processed, and three that it has succeeded.
  await until('all copies', () => notices.taken() >= 4)
  expect(await outcomeOf(market, transaction!.transactionId)).toEqual(PAID)
})

test('a purchase of which no notice ever comes is completed all the same', async () => {
  const { id } = await chargedLate()
  await makeOld(market, id)
  await reconcile(market)
  expect(await outcomeOf(market, id)).toEqual(PAID)
})

test('what a notice says is not believed: the provider is asked', async () => {
  const { listingId } = await market.list(seller)
  await market.payments.control.order({ call: 'confirm', break: 'cut-before' })
  const { transaction } = await market.buy(buyer, listingId)
  const id = transaction!.transactionId
  const { payments } = await market.payments.control.of(id)
  const notice = noticeOf(payments[0]!.id)
  await notify(market, notice, signatureOf(notice, secret))
  expect(await outcomeOf(market, id)).toMatchObject({ status: 'PENDING', charges: 0, licenses: 0 })
})

test('a notice that the provider cannot be asked about is refused, so that it comes again', async () => {
  const { id, reference } = await chargedLate()
  const notice = noticeOf(reference)
  await market.payments.control.order({ call: 'retrieve', break: '500-before' })
  const refused = await market.silenced(() => rejection(notify(market, notice, signatureOf(notice, secret))))
  expect(refused).toMatchObject({ code: code.UNAVAILABLE, reason: 'DEPENDENCY_UNAVAILABLE' })
  await market.payments.control.order()
  await notify(market, notice, signatureOf(notice, secret))
  expect(await ended(market, id)).toEqual(PAID)
})

test.each<[string, (notice: string) => string | undefined]>([
  ['without a signature', () => undefined],
  ['with an empty signature', () => ''],
  ['with a signature that is none', () => 'v1=,t=,,'],
  ['signed with another secret', (notice) => signatureOf(notice, 'whsec_of_somebody_else')],
  ['whose signature is of other bytes', (notice) => signatureOf(`${notice} `, secret)],
  ['that was signed more than five minutes ago', (notice) => signatureOf(notice, secret, ago(301))],
])('a notice %s is UNAUTHENTICATED, and changes nothing', async (_, sign) => {
  const { id, reference } = await chargedLate()
  const notice = noticeOf(reference)
  const before = await inbox()
  expect(await rejection(notify(market, notice, sign(notice)))).toMatchObject({
    code: code.UNAUTHENTICATED,
    reason: 'SIGNATURE_INVALID',
  })
  expect(await outcomeOf(market, id)).toMatchObject({ status: 'PENDING', licenses: 0 })
  expect(await inbox()).toEqual(before)
  await makeOld(market, id)
  await reconcile(market)
})

test.each([
  ['no JSON', 'not a notice'],
  ['half of it', '{"id": "evt_1", "type"'],
  ['a list', '[]'],
  ['null', 'null'],
  ['without an id', '{"type": "payment_intent.succeeded"}'],
  ['with an id that is none', `{"id": "evt_${'x'.repeat(300)}", "type": "payment_intent.succeeded"}`],
])('a signed notice that is %s is INVALID_ARGUMENT', async (_, body) => {
  expect(await rejection(notify(market, body, signatureOf(body, secret)))).toMatchObject({
    code: code.INVALID_ARGUMENT,
    reason: 'VALIDATION_FAILED',
  })
})

test.each([
  ['a payment that is not ours', noticeOf('pi_of_somebody_else')],
  ['something else', noticeOf('cus_1', { type: 'customer.created' })],
  ['a refund without a payment', '{"id": "evt_alone", "type": "charge.refunded", "data": {"object": {"id": "ch_1"}}}'],
  ['an event without data', '{"id": "evt_bare", "type": "payment_intent.succeeded"}'],
])('a signed notice of %s is taken, and changes nothing', async (_, body) => {
  expect(await notify(market, body, signatureOf(body, secret))).toEqual({})
})

test('a notice of more than 256 KiB is refused', async () => {
  const body = noticeOf('pi_1') + ' '.repeat(262_144)
  const error = await rejection(notify(market, body, signatureOf(body, secret)))
  expect([code.INVALID_ARGUMENT, code.RESOURCE_EXHAUSTED]).toContain(error.code)
})
