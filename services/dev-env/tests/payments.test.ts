import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { until } from '#chassis/testing/until.ts'
import { API_VERSION } from '../payments/serve.ts'
import { type PaymentProvider, startPayments } from '../payments/start.ts'

const folder = join(process.env['PF_TEST_FOLDER']!, 'payments-provider-test')
const KEY = 'sk_test_0123456789'
const SECRETS = { key: KEY, webhookSecret: 'whsec_0123456789' }

let provider: PaymentProvider
beforeAll(async () => {
  provider = await startPayments({ port: 0, folder, ...SECRETS, laterMs: 50 })
})
beforeEach(async () => {
  await provider.control.order()
})
afterAll(() => provider.stop())

type Answer = { status: number; body: any; headers: Headers }

type Sent = { key?: string; method?: string; headers?: Record<string, string>; to?: PaymentProvider }

/** Sends a request as a client of Stripe's does: `form` is its body. */
async function send(path: string, form?: string, { key, method, headers, to = provider }: Sent = {}): Promise<Answer> {
  const answer = await fetch(`${to.url}${path}`, {
    method: method ?? (form === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${KEY}`,
      'stripe-version': API_VERSION,
      ...(key !== undefined && { 'idempotency-key': key }),
      ...headers,
    },
    ...(form !== undefined && { body: form }),
  })
  return { status: answer.status, body: await answer.json(), headers: answer.headers }
}

const INTENT = 'amount=1999&currency=usd&payment_method_types[0]=card'

/** A new payment for a transaction: its id. */
async function create(transaction: string = randomUUID(), to = provider): Promise<string> {
  const form = `${INTENT}&metadata[transaction]=${transaction}`
  return (await send('/v1/payment_intents', form, { key: `${transaction}:create`, to })).body.id
}

const confirm = (id: string, method = 'pm_card_visa', sent: Sent = {}) =>
  send(`/v1/payment_intents/${id}/confirm`, `payment_method=${method}&error_on_requires_action=true`, sent)

describe('a request', () => {
  test.each([
    ['another key', { headers: { authorization: 'Bearer sk_test_other' } }, 401, undefined],
    ['no key', { headers: { authorization: '' } }, 401, undefined],
    ['another version of the API', { headers: { 'stripe-version': '2020-08-27' } }, 400, undefined],
  ])('with %s is refused', async (_what, sent, status, code) => {
    const answer = await send('/v1/payment_intents', INTENT, sent)
    expect([answer.status, answer.body.error.type, answer.body.error.code]).toEqual([
      status,
      'invalid_request_error',
      code,
    ])
  })

  test.each([
    ['currency=usd&payment_method_types[0]=card', 'amount', 'parameter_missing'],
    ['amount=1.5&currency=usd&payment_method_types[0]=card', 'amount', 'parameter_invalid_integer'],
    ['amount=-5&currency=usd&payment_method_types[0]=card', 'amount', 'parameter_invalid_integer'],
    ['amount=100000000&currency=usd&payment_method_types[0]=card', 'amount', 'amount_too_large'],
    ['amount=1000000000&currency=inr&payment_method_types[0]=card', 'amount', 'amount_too_large'],
    ['amount=5&payment_method_types[0]=card', 'currency', 'parameter_missing'],
    ['amount=5&currency=USD&payment_method_types[0]=card', 'currency', undefined],
    [`${INTENT}&confirm_now=true`, 'confirm_now', 'parameter_unknown'],
  ])('%s names the parameter that is wrong, and leaves its idempotency key free', async (form, param, code) => {
    const key = randomUUID()
    const { status, body } = await send('/v1/payment_intents', form, { key })
    expect([status, body.error.param, body.error.code]).toEqual([400, param, code])
    expect((await send('/v1/payment_intents', INTENT, { key })).status).toBe(200)
  })

  test('for what does not exist is 404', async () => {
    expect((await send('/v1/payment_intents/pi_absent')).body.error).toMatchObject({ code: 'resource_missing' })
    expect((await send('/v1/refunds/re_absent')).status).toBe(404)
    expect((await send('/v1/customers', '')).status).toBe(404)
    expect((await fetch(`${provider.url}/control/nothing`)).status).toBe(400)
  })
})

describe('an idempotency key', () => {
  test('gets the same answer for the same request, and is refused for another', async () => {
    const key = randomUUID()
    const first = await send('/v1/payment_intents', INTENT, { key })
    const second = await send('/v1/payment_intents', INTENT, { key })
    expect([second.status, second.body]).toEqual([200, first.body])
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    const other = await send('/v1/payment_intents', INTENT.replace('1999', '2000'), { key })
    expect([other.status, other.body.error.type]).toEqual([400, 'idempotency_error'])
    const elsewhere = await confirm(first.body.id, 'pm_card_visa', { key })
    expect([elsewhere.status, elsewhere.body.error.type]).toEqual([400, 'idempotency_error'])
    await provider.control.forgetKeys()
    expect((await send('/v1/payment_intents', INTENT, { key })).body.id).not.toBe(first.body.id)
  })

  test('keeps a decline and a 500, but not a 429', async () => {
    const id = await create()
    const declined = await confirm(id, 'pm_card_chargeDeclined', { key: `${id}:1` })
    expect(await confirm(id, 'pm_card_chargeDeclined', { key: `${id}:1` })).toMatchObject({
      status: 402,
      body: declined.body,
    })
    for (const [how, again] of [
      ['500-before', 500],
      ['429', 200],
    ] as const) {
      const payment = await create()
      await provider.control.order({ call: 'confirm', break: how, times: 1 })
      await confirm(payment, 'pm_card_visa', { key: `${payment}:1` })
      expect((await confirm(payment, 'pm_card_visa', { key: `${payment}:1` })).status).toBe(again)
    }
  })

  test('of a request that is in progress is 409', async () => {
    const id = await create()
    await provider.control.order({ call: 'confirm', afterMs: 500, times: 1 })
    const ends = await Promise.all([1, 2, 3].map(() => confirm(id, 'pm_card_visa', { key: `${id}:1` })))
    expect(ends.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409])
    expect(ends.find(({ status }) => status === 409)?.body.error.code).toBe('idempotency_key_in_use')
  })
})

describe('a payment', () => {
  test('that was declined says why, can be tried again, and is charged once it succeeds', async () => {
    const transaction = randomUUID()
    const id = await create(transaction)
    const declined = await confirm(id, 'pm_card_chargeDeclinedInsufficientFunds')
    expect(declined.status).toBe(402)
    expect(declined.body.error).toMatchObject({
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      payment_intent: { id, status: 'requires_payment_method', last_payment_error: { code: 'card_declined' } },
    })
    expect((await confirm(id)).body).toMatchObject({
      status: 'succeeded',
      amount_received: 1999,
      last_payment_error: null,
    })
    const again = await confirm(id)
    expect([again.status, again.body.error.code]).toEqual([400, 'payment_intent_unexpected_state'])
    expect((await provider.control.of(transaction)).charges).toHaveLength(1)
  })

  test('that would need its buyer requires an action, unless that is to be an error', async () => {
    const id = await create()
    const path = `/v1/payment_intents/${id}/confirm`
    const waiting = await send(path, 'payment_method=pm_card_authenticationRequired')
    expect(waiting.body).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } })
    const refused = await confirm(id, 'pm_card_authenticationRequired')
    expect([refused.status, refused.body.error.code]).toEqual([402, 'authentication_required'])
  })

  test('can be refunded in parts, but never by more than it was', async () => {
    const id = await create()
    await confirm(id)
    const refund = (form: string) => send('/v1/refunds', `payment_intent=${id}${form}`)
    expect((await refund('&amount=999')).body).toMatchObject({ amount: 999, status: 'succeeded' })
    expect((await refund('&amount=1001')).status).toBe(400)
    const rest = await refund('')
    expect(rest.body).toMatchObject({ amount: 1000 })
    expect((await refund('')).body.error.code).toBe('charge_already_refunded')
    expect((await send(`/v1/refunds/${rest.body.id}`)).body).toEqual(rest.body)
    const listed = await send(`/v1/refunds?payment_intent=${id}&limit=1`)
    expect(listed.body).toMatchObject({ has_more: true, data: [rest.body] })
  })
})

test('orders that are none are refused, and so is a dispute that is decided twice', async () => {
  const order = (body: string) => fetch(`${provider.url}/control/orders`, { method: 'PUT', body })
  for (const body of ['{', '{}', '[{"call": "steal"}]', '[{"brake": "429"}]', '[{"afterMs": -1}]'])
    expect((await order(body)).status).toBe(400)
  const id = await create()
  await confirm(id)
  const { id: dispute } = await provider.control.dispute(id)
  await provider.control.decide(dispute, 'won')
  await expect(provider.control.decide(dispute, 'lost')).rejects.toThrow('closed already')
  await expect(provider.control.dispute('pi_absent')).rejects.toThrow('No such payment_intent')
})

describe('with a journal', () => {
  const opened: AsyncDisposable[] = []
  afterEach(async () => {
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]()
  })

  async function open(name: string): Promise<{ kept: PaymentProvider; journal: string }> {
    const place = join(folder, name)
    mkdirSync(place, { recursive: true })
    const journal = join(place, 'journal.jsonl')
    const kept = await startPayments({ port: 0, folder: place, journal, ...SECRETS, laterMs: 50 })
    opened.push(kept)
    return { kept, journal }
  }

  test('whatever was answered is still so after SIGKILL, and a request that is repeated has no second effect', async () => {
    const { kept } = await open('kill')
    const transactions = Array.from({ length: 20 }, () => randomUUID())
    const answered = new Map<string, any>()
    const buy = async (transaction: string) => {
      const id = await create(transaction, kept)
      answered.set(transaction, (await confirm(id, 'pm_card_visa', { key: `${transaction}:confirm`, to: kept })).body)
    }
    await kept.control.order({ call: 'confirm', beforeMs: 10 })
    const buying = Promise.allSettled(transactions.map(buy))
    await until('some to be paid', () => answered.size > 0)
    await kept.restart('kill')
    await buying
    for (const [transaction, intent] of answered) {
      const same = await send(`/v1/payment_intents/${intent.id}`, undefined, { to: kept })
      expect(same.body).toEqual(intent)
      expect(transaction).toBe(intent.metadata.transaction)
    }
    for (const transaction of transactions) await buy(transaction)
    for (const transaction of transactions) {
      const { payments, charges } = await kept.control.of(transaction)
      expect([payments.length, charges.length]).toEqual([1, 1])
    }
  })

  test('what was to happen later happens, and what was to be delivered is, after SIGKILL', async () => {
    const { kept } = await open('later')
    const types: string[] = []
    const webhook = createServer((request, response) => {
      void json(request).then((event) => {
        types.push((event as { type: string }).type)
        response.end()
      })
    })
    const listen = (port: number) => new Promise<void>((resolve) => webhook.listen(port, '127.0.0.1', resolve))
    await listen(0)
    const { port } = webhook.address() as AddressInfo
    await new Promise((resolve) => webhook.close(resolve))
    await kept.control.sendEventsTo(`http://127.0.0.1:${port}/`)
    const id = await create(randomUUID(), kept)
    await kept.control.order({ call: 'confirm', slow: { ms: 300, end: 'succeeded' } })
    expect((await confirm(id, 'pm_card_visa', { to: kept })).body.status).toBe('processing')
    await kept.stop('kill')
    await listen(port)
    await kept.start()
    await until('the payment to succeed', () => types.includes('payment_intent.succeeded'))
    expect(types).toContain('payment_intent.processing')
    expect((await send(`/v1/payment_intents/${id}`, undefined, { to: kept })).body.status).toBe('succeeded')
    webhook.close()
    webhook.closeAllConnections()
  })

  test('a last line that was never finished counts as never written', async () => {
    const { kept, journal } = await open('torn')
    const id = await create(randomUUID(), kept)
    await kept.stop('kill')
    appendFileSync(journal, '{"at":1,"objects":[{"id":"pi_torn"')
    await kept.start()
    expect((await confirm(id, 'pm_card_visa', { to: kept })).body.status).toBe('succeeded')
    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(await kept.control.journal())
  })
})
