import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { until } from '#chassis/testing/until.ts'
import { signatureOf } from '../../dev-env/payments/webhooks.ts'
import type { PaymentEvent } from '../payments/payment.ts'
import { TOLERANCE_SECONDS } from '../payments/events.ts'
import { created, failure, paid, type Setup, startSetup, WEBHOOK_SECRET } from './payment-harness.ts'

type Received = { body: Buffer; signature: string }

let setup: Setup
let webhook: Server
let received: Received[] = []
let refuse = 0

beforeAll(async () => {
  webhook = createServer((request, response) => {
    void buffer(request).then((body) => {
      if (refuse > 0) {
        refuse -= 1
        response.writeHead(503).end()
        return
      }
      received.push({ body, signature: String(request.headers['stripe-signature']) })
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve))
  setup = await startSetup('payment-events-test')
  await setup.provider.control.sendEventsTo(`http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`)
})
beforeEach(async () => {
  await setup.provider.control.order()
  received = []
  refuse = 0
})
afterAll(async () => {
  await setup[Symbol.asyncDispose]()
  webhook.close()
  webhook.closeAllConnections()
})

const read = ({ body, signature }: Received) => setup.payments.readEvent(body, signature)

/** The events of a payment that have come. */
const eventsOf = (payment: string): PaymentEvent[] => received.map(read).filter((event) => event.payment === payment)

const kindsOf = (payment: string) => eventsOf(payment).map(({ kind }) => kind)

const comes = (payment: string, kind: PaymentEvent['kind'], times = 1) =>
  until(`${kind} to come`, () => kindsOf(payment).filter((one) => one === kind).length >= times)

describe('an event', () => {
  test('tells which payment to look at, for each of its ends', async () => {
    const { payments, provider } = setup
    const succeeded = await paid(payments)
    const declined = await created(payments)
    await payments.confirm(declined.transaction, declined.reference, 'pm_card_chargeDeclined')
    const canceled = await created(payments)
    await payments.cancel(canceled.transaction, canceled.reference)
    const slow = await created(payments)
    await provider.control.order({ call: 'confirm', slow: { ms: 100, end: 'succeeded' } })
    await payments.confirm(slow.transaction, slow.reference, 'pm_card_visa')
    for (const { reference } of [succeeded, declined, canceled]) await comes(reference, 'PAYMENT')
    await comes(slow.reference, 'PAYMENT', 2)
    expect(new Set(received.map((one) => read(one).id)).size).toBe(received.length)
  })

  test('tells of a refund, and of one that fails later', async () => {
    const { payments } = setup
    const { transaction, reference } = await paid(payments, 'pm_card_refundFail')
    await payments.refund(transaction, reference)
    // refund.created, charge.refunded, then refund.updated, refund.failed
    await comes(reference, 'REFUND', 4)
    expect((await payments.refundOf(reference))?.status).toBe('FAILED')
  })

  test.each(['won', 'lost'] as const)('tells of a dispute, and that it was %s', async (status) => {
    const { payments, provider } = setup
    const { reference } = await paid(payments)
    const { id } = await provider.control.dispute(reference)
    await comes(reference, 'DISPUTE_OPENED')
    await provider.control.decide(id, status)
    await comes(reference, status === 'won' ? 'DISPUTE_WON' : 'DISPUTE_LOST')
  })

  test('of a payment by pm_card_createDispute tells of its dispute; an inquiry is none', async () => {
    const { payments } = setup
    const { reference } = await paid(payments, 'pm_card_createDispute')
    const inquiry = await paid(payments, 'pm_card_createDisputeInquiry')
    await comes(reference, 'DISPUTE_OPENED')
    await comes(inquiry.reference, 'OTHER')
    expect(kindsOf(inquiry.reference)).not.toContain('DISPUTE_OPENED')
  })

  test('is sent again until it is taken, and as often as ordered, with the same id and bytes', async () => {
    const { payments, provider } = setup
    refuse = 2
    const { reference } = await paid(payments)
    await comes(reference, 'PAYMENT')
    await provider.control.order({ call: 'webhook', copies: 2 })
    const doubled = await paid(payments)
    await comes(doubled.reference, 'PAYMENT', 2)
    const [first, second] = received.filter((one) => read(one).payment === doubled.reference)
    expect(read(first!)).toEqual(read(second!))
    expect(first!.body).toEqual(second!.body)
  })

  test('can be late, or never come', async () => {
    const { payments, provider } = setup
    await provider.control.order({ call: 'webhook', copies: 0, times: 1 }, { call: 'webhook', beforeMs: 200 })
    const silent = await paid(payments)
    const late = await paid(payments)
    expect(kindsOf(late.reference)).toEqual([])
    await comes(late.reference, 'PAYMENT')
    expect(kindsOf(silent.reference)).toEqual([])
  })
})

describe('a signature', () => {
  const payload = JSON.stringify({
    id: 'evt_1',
    type: 'payment_intent.succeeded',
    data: { object: { id: 'pi_1', status: 'succeeded', note: 'für €' } },
  })
  const now = () => Math.floor(Date.now() / 1000)
  const readText = (text: string | Buffer, signature: string) => setup.payments.readEvent(Buffer.from(text), signature)
  const unsigned = { kind: 'refused', reason: 'EVENT_NOT_SIGNED' }

  test('of the provider is valid for five minutes', async () => {
    const at = (seconds: number) => readText(payload, signatureOf(payload, WEBHOOK_SECRET, seconds))
    expect(at(now() - TOLERANCE_SECONDS + 30)).toEqual({ id: 'evt_1', kind: 'PAYMENT', payment: 'pi_1' })
    expect(await failure(() => at(now() - TOLERANCE_SECONDS - 2))).toEqual(unsigned)
  })

  test('is one of several while the secret is exchanged', () => {
    const [time, mine] = signatureOf(payload, WEBHOOK_SECRET).split(',')
    const [, other] = signatureOf(payload, 'whsec_another').split(',')
    expect(readText(payload, `${time},${other},${mine},v0=00`).id).toBe('evt_1')
  })

  test('fits no other bytes', async () => {
    const signature = signatureOf(payload, WEBHOOK_SECRET)
    const bytes = Buffer.from(payload)
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index]! ^= 1
      expect(await failure(() => setup.payments.readEvent(changed, signature))).toEqual(unsigned)
    }
    const others = [`${payload}\n`, ` ${payload}`, payload.slice(1), '', `\uFEFF${payload}`]
    for (const other of others) expect(await failure(() => readText(other, signature))).toEqual(unsigned)
  })

  test('of bytes that are no text is not confused with that of others', async () => {
    // Both become U+FFFD when they are decoded carelessly.
    const signed = Buffer.concat([
      Buffer.from(payload.slice(0, -3)),
      Buffer.from('\uFFFD'),
      Buffer.from(payload.slice(-3)),
    ])
    const sent = Buffer.concat([Buffer.from(payload.slice(0, -3)), Buffer.from([0xff]), Buffer.from(payload.slice(-3))])
    const signature = signatureOf(signed.toString(), WEBHOOK_SECRET)
    expect(await failure(() => readText(sent, signature))).toEqual(unsigned)
  })

  test.each([
    ['nothing', ''],
    ['nonsense', 'nonsense'],
    ['a time alone', 't=1'],
    ['another secret', signatureOf(payload, 'whsec_another')],
    ['another scheme', signatureOf(payload, WEBHOOK_SECRET).replace('v1', 'v0')],
    ['another time', signatureOf(payload, WEBHOOK_SECRET).replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000) + 1}`)],
    ['no time', signatureOf(payload, WEBHOOK_SECRET).replace(/t=\d+/, 't=')],
    ['an empty signature', `t=${Math.floor(Date.now() / 1000)},v1=`],
  ])('that is %s is refused', async (_what, signature) => {
    expect(await failure(() => readText(payload, signature))).toEqual(unsigned)
  })

  test.each([
    'null',
    '[]',
    '{',
    '{}',
    '"evt_1"',
    '{"id": "evt_1"}',
    '{"id": "../1", "type": "a", "data": {}}',
    '{"id": 1, "type": "payment_intent.succeeded"}',
  ])('of the provider makes no event of %s', async (text) => {
    const signature = signatureOf(text, WEBHOOK_SECRET)
    expect(await failure(() => readText(text, signature))).toEqual({ kind: 'refused', reason: 'EVENT_UNREADABLE' })
  })

  test('of an event that is not ours makes OTHER of it', () => {
    for (const [type, object] of [
      ['customer.created', { id: 'cus_1' }],
      ['charge.refunded', { id: 'ch_1', payment_intent: null }],
      ['charge.dispute.created', { id: 'dp_1', payment_intent: 'nonsense', status: 'needs_response' }],
    ] as const) {
      const text = JSON.stringify({ id: 'evt_1', type, data: { object } })
      expect(readText(text, signatureOf(text, WEBHOOK_SECRET))).toEqual({
        id: 'evt_1',
        kind: 'OTHER',
        payment: undefined,
      })
    }
  })
})
