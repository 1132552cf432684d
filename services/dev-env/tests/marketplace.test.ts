import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { signatureOf } from '../payments/webhooks.ts'
import { paymentSecrets } from '../secrets.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, type Listed, offer, usd } from './market.ts'

let network: TestNetwork
let seller: SignedIn
let buyer: SignedIn
let company: SignedIn
let anyone: SignedIn

/** What is sold: version 1 of a prompt whose version 2 is not. */
let listed: Listed

const CONTENT = 'Write a poem about {{topic}} in the style of a weather report'

beforeAll(async () => {
  network = await startTestNetwork()
  const people = Array.from({ length: 4 }, () => network.signUp())
  ;[seller, buyer, company, anyone] = (await Promise.all(people)) as [SignedIn, SignedIn, SignedIn, SignedIn]
})
afterAll(() => network.stop())

const ask = (who: SignedIn, request: string, body?: object) => network.rest(request, { token: who.token, body })

/** Runs a test of a prompt to its end. */
async function run(who: SignedIn, promptId: string, more: object = {}) {
  const asked = await ask(who, `POST /v1/prompts/${promptId}/tests`, {
    modelProvider: 'sandbox',
    modelName: 'echo',
    values: { topic: 'rain' },
    ...more,
  })
  if (asked.status !== 200) return asked
  const path = `GET /v1/tests/${asked.body.test.testId}`
  return until('the test to end', async () => {
    const read = await ask(who, path)
    return read.body.test.completedAt && read
  })
}

const statusOf = async (who: SignedIn, request: string, body?: object) => (await ask(who, request, body)).status

describe('a seller', () => {
  test('offers a prompt that nobody else can read, with a sample', async () => {
    const written = await ask(seller, 'POST /v1/prompts', { title: 'Poems', content: CONTENT, isPublic: false })
    const promptId: string = written.body.prompt.id
    // The answer ends after three words, so it does not give the prompt away.
    const sample = await run(seller, promptId, { maxTokens: 3 })
    expect(sample.body.test).toMatchObject({ status: 'COMPLETED', response: 'Write a poem' })
    const answer = await ask(seller, 'POST /v1/listings', {
      promptId,
      title: 'Poems',
      description: 'Of any topic',
      category: 'writing',
      price: usd(1999),
      commercialPrice: usd(9900),
      sampleTestIds: [sample.body.test.testId],
    })
    expect(answer).toMatchObject({
      status: 200,
      body: { listing: { promptId, promptVersion: 1, price: usd(1999), status: 'ACTIVE', sellerId: seller.id } },
    })
    listed = { promptId, listingId: answer.body.listing.listingId }
    await ask(seller, `PATCH /v1/prompts/${promptId}`, { content: `${CONTENT}, in two lines` })
    expect(await statusOf(anyone, `GET /v1/prompts/${promptId}`)).toBe(404)
  })

  test('shows the listing and its sample to everybody, and never the prompt', async () => {
    const { status, body } = await network.rest(`GET /v1/listings/${listed.listingId}`)
    expect({ status, listing: body.listing }).toMatchObject({
      status: 200,
      listing: { title: 'Poems', salesCount: 0, samples: [{ response: 'Write a poem', values: { topic: 'rain' } }] },
    })
    expect(JSON.stringify(body)).not.toContain('weather report')
  })
})

describe('a buyer', () => {
  const requestId = randomUUID()
  let bought: any

  const purchase = () =>
    network.rest(`POST /v1/listings/${listed.listingId}:purchase`, {
      token: buyer.token,
      headers: { 'idempotency-key': requestId },
      body: { licenseType: 'PERSONAL', paymentMethod: 'pm_card_visa', expectedPrice: usd(1999) },
    })

  test('who is declined gets no licence, and reads nothing', async () => {
    const declined = await buy(network, buyer, listed.listingId, {
      paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds',
    })
    expect(declined).toMatchObject({
      status: 200,
      body: { transaction: { status: 'FAILED', failureReason: 'insufficient_funds' }, licenseKey: '' },
    })
    expect(await statusOf(buyer, `GET /v1/prompts/${listed.promptId}/versions/1`)).toBe(404)
  })

  test('pays once, however often they ask, and gets a licence and its key', async () => {
    const [first, ...others] = await Promise.all([purchase(), purchase(), purchase()])
    bought = first.body
    expect(first).toMatchObject({
      status: 200,
      body: {
        transaction: { status: 'COMPLETED', amount: usd(1999), buyerId: buyer.id, sellerId: seller.id },
        license: { promptId: listed.promptId, minVersion: 1, maxVersion: 1, isActive: true },
        licenseKey: expect.stringMatching(/^PF1(-[0-9A-HJKMNP-TV-Z]{5}){5}$/),
      },
    })
    for (const { body } of others) expect(body).toEqual(bought)
    const { charges } = await network.payments.control.of(bought.transaction.transactionId)
    expect(charges).toHaveLength(1)
  })

  test('reads at once exactly the version that was sold', async () => {
    const path = `/v1/prompts/${listed.promptId}`
    const read = await ask(buyer, `GET ${path}/versions/1`)
    expect(read).toMatchObject({ status: 200, body: { version: { version: 1, content: CONTENT } } })
    expect(await statusOf(buyer, `GET ${path}/versions/2`)).toBe(404)
    const list = await ask(buyer, `GET ${path}/versions`)
    expect(list.body.versions.map(({ version }: { version: number }) => version)).toEqual([1])
    expect(await statusOf(anyone, `GET ${path}/versions/1`)).toBe(404)
  })

  test('runs a test of that version, and cannot run or render the one that was written after it', async () => {
    const ended = await run(buyer, listed.promptId, { version: 1 })
    expect(ended.body.test).toMatchObject({ status: 'COMPLETED', promptVersion: 1 })
    expect((await run(buyer, listed.promptId, { version: 2 })).status).toBe(404)
    // What is rendered is the newest version.
    expect(await statusOf(buyer, `POST /v1/prompts/${listed.promptId}:render`, { values: { topic: 'rain' } })).toBe(404)
  })

  test('rates the prompt, and the rating says that it is of somebody who bought it', async () => {
    const rated = await ask(buyer, `PUT /v1/prompts/${listed.promptId}/ratings/me`, { rating: 5 })
    expect(rated).toMatchObject({ status: 200, body: { rating: { rating: 5, verifiedPurchase: true } } })
  })

  test('cannot buy it again, and who sells it cannot buy it at all', async () => {
    expect(await buy(network, buyer, listed.listingId)).toMatchObject({
      status: 400,
      body: { details: [{ reason: 'ALREADY_LICENSED', metadata: { license_id: bought.license.licenseId } }] },
    })
    expect(await buy(network, seller, listed.listingId)).toMatchObject({
      status: 400,
      body: { details: [{ reason: 'OWN_LISTING' }] },
    })
  })

  // The end of a licence, by revocation and by a refund, has its place here: see `licenceEnds`.
  test('whose licence ends reads nothing any more', async () => {
    await licenceEnds(bought.license.licenseId)
    expect(await statusOf(buyer, `GET /v1/prompts/${listed.promptId}/versions/1`)).toBe(404)
    expect((await run(buyer, listed.promptId, { version: 1 })).status).toBe(404)
  })
})

/** Lets the time of a licence be over, in the prompt service, which compares it at each read. */
async function licenceEnds(licenseId: string) {
  const { databaseUrl } = network.services['prompt']!
  const rows = await onDatabase(
    databaseUrl,
    `update entitlements set expires_at = now() - interval '1 second' where license_id = $1 returning 1`,
    licenseId,
  )
  expect(rows).toHaveLength(1)
}

test('a PERSONAL licence allows no fork, and a COMMERCIAL one a private fork', async () => {
  const { listingId, promptId } = await offer(network, seller, { commercialPrice: usd(9900) })
  await buy(network, buyer, listingId)
  expect(await ask(buyer, `POST /v1/prompts/${promptId}:fork`, {})).toMatchObject({
    status: 400,
    body: { details: [{ reason: 'FORK_NOT_ALLOWED' }] },
  })
  const commercial = { licenseType: 'COMMERCIAL', expectedPrice: usd(9900) }
  expect((await buy(network, company, listingId, commercial)).body.license.licenseType).toBe('COMMERCIAL')
  expect(await ask(company, `POST /v1/prompts/${promptId}:fork`, { isPublic: true })).toMatchObject({
    status: 400,
    body: { details: [{ reason: 'FORK_NOT_PUBLISHABLE' }] },
  })
  const fork = await ask(company, `POST /v1/prompts/${promptId}:fork`, {})
  expect(fork).toMatchObject({ status: 200, body: { prompt: { isPublic: false, forkedFromVersion: 1 } } })
  const resale = { promptId: fork.body.prompt.id, title: 'Not mine', price: usd(1000) }
  expect(await ask(company, 'POST /v1/listings', resale)).toMatchObject({
    status: 400,
    body: { details: [{ reason: 'RESALE_NOT_ALLOWED' }] },
  })
})

test('a licence with updates unlocks also what is written later, to read and to render', async () => {
  const { listingId, promptId } = await offer(network, seller, { includesUpdates: true })
  await buy(network, buyer, listingId)
  const rendered = () => ask(buyer, `POST /v1/prompts/${promptId}:render`, { values: { name: 'Ann' } })
  expect((await rendered()).body.text).toBe('One two three Ann')
  await ask(seller, `PATCH /v1/prompts/${promptId}`, { content: 'Better {{name}}' })
  expect(await ask(buyer, `GET /v1/prompts/${promptId}/versions/2`)).toMatchObject({
    status: 200,
    body: { version: { content: 'Better {{name}}' } },
  })
  expect((await rendered()).body.text).toBe('Better Ann')
})

test('a payment that takes its time is completed by the notice of the provider, through the gateway', async () => {
  const { listingId, promptId } = await offer(network, seller)
  await network.payments.control.order({ call: 'confirm', slow: { ms: 500, end: 'succeeded' } })
  const { body } = await buy(network, buyer, listingId)
  expect(body).toMatchObject({ transaction: { status: 'PENDING' }, licenseKey: '' })
  // The reconciler looks only after 30 seconds, so it was the notice.
  await until(
    'the licence to unlock',
    async () => (await statusOf(buyer, `GET /v1/prompts/${promptId}/versions/1`)) === 200,
    25_000,
  )
  await network.payments.control.order()
})

describe('a notice at the gateway', () => {
  const notice = () =>
    `{"id": "evt_${randomUUID().slice(0, 8)}",\n  "type": "customer.created", "data": {"object": {"é": "\\u00e9 \u{1f600}"}}}\r\n`
  const send = (body: string | Uint8Array<ArrayBuffer>, signature?: string) =>
    network.rest('POST /v1/payments/webhook', {
      body,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        ...(signature !== undefined && { 'stripe-signature': signature }),
      },
    })
  const secret = () => paymentSecrets(network.secrets).webhookSecret

  test('reaches the service with every byte as it was signed', async () => {
    const body = notice()
    expect(await send(body, signatureOf(body, secret()))).toMatchObject({ status: 200 })
  })

  test('is refused when a byte differs, when it is not signed, and when it is old', async () => {
    const body = notice()
    const old = Math.floor(Date.now() / 1000) - 301
    const wrong = [
      send(`${body} `, signatureOf(body, secret())),
      send(body),
      send(body, signatureOf(body, secret(), old)),
    ]
    for (const { status, body: refusal } of await Promise.all(wrong))
      expect({ status, refusal }).toMatchObject({
        status: 401,
        refusal: { details: [{ reason: 'SIGNATURE_INVALID' }] },
      })
  })
})

test('every sale is in analytics, and the ledger sums to zero', async () => {
  await network.processAll()
  const { databaseUrl } = network.services['marketplace']!
  const [books] = await onDatabase<{ sales: number; imbalance: string }>(
    databaseUrl,
    `select (select count(*)::integer from transactions where status = 'COMPLETED') as sales,
      (select sum(amount)::text from ledger_entries) as imbalance`,
  )
  expect(books).toEqual({ sales: 5, imbalance: '0' })
  const known = await onDatabase<{ event: string; count: number }>(
    network.services['analytics']!.databaseUrl,
    `select event_type as event, count(*)::integer from user_activity_events
    where event_type like 'purchase%' or event_type like 'license%' or event_type like 'listing%' group by 1 order by 1`,
  )
  expect(known).toEqual([
    { event: 'license.granted', count: 5 },
    { event: 'listing.created', count: 4 },
    { event: 'purchase.completed', count: 5 },
    { event: 'purchase.failed', count: 1 },
  ])
})
