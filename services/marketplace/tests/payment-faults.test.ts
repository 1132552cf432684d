import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort } from '../../dev-env/infra/ports.ts'
import type { Call } from '../../dev-env/payments/book.ts'
import type { Break } from '../../dev-env/payments/orders.ts'
import { createPayments, type Payments } from '../payments/payments.ts'
import { created, failure, paid, PRICE, type Setup, startSetup } from './payment-harness.ts'

let setup: Setup
beforeAll(async () => {
  setup = await startSetup('payment-faults-test')
})
beforeEach(async () => {
  await setup.provider.control.order()
})
afterAll(async () => {
  await setup[Symbol.asyncDispose]()
})

/** How often the provider was asked this for a payment. */
async function asked(call: Call, reference: string): Promise<number> {
  const lines = await setup.provider.control.journal()
  return lines.filter(({ request }) => request?.call === call && request.path.includes(reference)).length
}

const UNKNOWN: Record<Break, string> = {
  'cut-before': 'CONNECTION_FAILED',
  'cut-after': 'CONNECTION_FAILED',
  '500-before': 'PROVIDER_FAILED',
  '500-after': 'PROVIDER_FAILED',
  '429': 'THROTTLED',
}

describe.each(Object.keys(UNKNOWN) as Break[])('a confirmation that breaks (%s)', (how) => {
  const isCharged = how.endsWith('after')

  test('is asked once, has an unknown outcome, and the payment itself tells it', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    await provider.control.order({ call: 'confirm', payment: transaction, break: how })
    const confirm = payments.confirm(transaction, reference, 'pm_card_visa')
    expect(await failure(confirm)).toEqual({ kind: 'unknown', reason: UNKNOWN[how] })
    expect(await asked('confirm', reference)).toBe(1)
    expect((await payments.retrieve(reference)).status).toBe(isCharged ? 'SUCCEEDED' : 'REQUIRES_CONFIRMATION')
    expect((await provider.control.of(transaction)).charges).toHaveLength(isCharged ? 1 : 0)
  })

  test('is charged at most once when it is repeated', async () => {
    const { payments, provider } = setup
    const { transaction, reference } = await created(payments)
    await provider.control.order({ call: 'confirm', payment: transaction, break: how, times: 1 })
    await failure(payments.confirm(transaction, reference, 'pm_card_visa'))
    const again = payments.confirm(transaction, reference, 'pm_card_visa')
    // A 500 is what the key is answered from now on.
    if (how.startsWith('500')) expect(await failure(again)).toMatchObject({ reason: 'PROVIDER_FAILED' })
    else expect((await again).status).toBe('SUCCEEDED')
    const { charges } = await provider.control.of(transaction)
    expect(charges).toHaveLength(how === '500-before' ? 0 : 1)
  })
})

test('every call that breaks has an unknown outcome', async () => {
  const { payments, provider } = setup
  const { transaction, reference } = await paid(payments)
  const calls: Partial<Record<Call, () => Promise<unknown>>> = {
    create: () => payments.create(randomUUID(), PRICE),
    retrieve: () => payments.retrieve(reference),
    search: () => payments.paid(transaction),
    cancel: () => payments.cancel(transaction, reference),
    refund: () => payments.refund(transaction, reference),
    'list-refunds': () => payments.refundOf(reference),
  }
  for (const [call, ask] of Object.entries(calls)) {
    for (const how of ['cut-before', '500-before'] as const) {
      await provider.control.order({ call: call as Call, break: how })
      expect([call, await failure(ask())]).toEqual([call, { kind: 'unknown', reason: UNKNOWN[how] }])
    }
  }
})

test('a payment that could not be cancelled because of a fault can be cancelled later', async () => {
  const { payments, provider } = setup
  const { transaction, reference } = await created(payments)
  await provider.control.order({ call: 'cancel', break: '500-before', times: 1 })
  expect(await failure(payments.cancel(transaction, reference))).toMatchObject({ kind: 'unknown' })
  expect((await payments.cancel(transaction, reference)).status).toBe('CANCELED')
})

test('a refund whose answer was lost is found, and is not made twice', async () => {
  const { payments, provider } = setup
  const { transaction, reference } = await paid(payments)
  await provider.control.order({ call: 'refund', break: '500-after', times: 1 })
  expect(await failure(payments.refund(transaction, reference))).toMatchObject({ kind: 'unknown' })
  expect((await payments.refundOf(reference))?.status).toBe('SUCCEEDED')
  expect((await provider.control.of(transaction)).refunds).toHaveLength(1)
})

describe('time', () => {
  const limited = (limit: Parameters<typeof createPayments>[1]) => createPayments(setup.config, limit)

  test('of a call is over when it is, and what the provider does then is found by looking', async () => {
    await using payments = limited({ confirm: 300 })
    const { transaction, reference } = await created(payments)
    await setup.provider.control.order({ call: 'confirm', payment: transaction, afterMs: 60_000 })
    const late = payments.confirm(transaction, reference, 'pm_card_visa')
    expect(await failure(late)).toEqual({ kind: 'unknown', reason: 'TIMEOUT' })
    expect((await payments.retrieve(reference)).status).toBe('SUCCEEDED')
    const meanwhile = payments.confirm(transaction, reference, 'pm_card_visa')
    expect(await failure(meanwhile)).toEqual({ kind: 'unknown', reason: 'IN_PROGRESS' })
  })

  test('covers an answer that begins and does not end', async () => {
    await using server = await serving((write) => write(200, '{"id": "pi_1",'))
    await using payments = createPayments({ ...setup.config, url: server.url }, { retrieve: 300 })
    expect(await failure(payments.retrieve('pi_1'))).toEqual({ kind: 'unknown', reason: 'TIMEOUT' })
  })
})

describe('something else than the provider', () => {
  test.each([
    ['a page', 502, '<html>Bad gateway</html>', 'ANSWER_UNREADABLE'],
    ['a page', 200, '<html>Welcome</html>', 'ANSWER_UNREADABLE'],
    ['a payment without a sum', 200, '{"id": "pi_1", "status": "succeeded", "currency": "usd"}', 'ANSWER_UNREADABLE'],
    [
      'a payment that ours cannot be',
      200,
      '{"id": "pi_1", "amount": 1, "currency": "usd", "status": "requires_capture"}',
      'ANSWER_UNREADABLE',
    ],
    ['a redirect', 302, '', 'CONNECTION_FAILED'],
  ])('that answers with %s (%i) leaves the outcome unknown', async (_what, status, body, reason) => {
    await using server = await serving((write, end) => end(write(status, body)))
    await using payments: Payments = createPayments({ ...setup.config, url: server.url })
    expect(await failure(payments.retrieve('pi_1'))).toEqual({ kind: 'unknown', reason })
  })

  test('or nothing at its port leaves the outcome unknown', async () => {
    await using payments = createPayments({ ...setup.config, url: `http://127.0.0.1:${await freePort()}` })
    expect(await failure(payments.retrieve('pi_1'))).toEqual({ kind: 'unknown', reason: 'CONNECTION_FAILED' })
  })
})

/** A server that answers every request so. */
async function serving(answer: (write: (status: number, body: string) => void, end: (written: void) => void) => void) {
  const server = createServer((_request, response) => {
    const write = (status: number, body: string) =>
      void response
        .writeHead(status, { location: 'http://127.0.0.1:1/', 'content-type': 'application/json' })
        .write(body)
    answer(write, () => response.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
