import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, type Listed, offer } from './market.ts'
import { type OwnProcess, runAsProcess } from './own-process.ts'

let network: TestNetwork
let market: OwnProcess
let seller: SignedIn
let buyer: SignedIn
let listed: Listed
let requestId: string

beforeAll(async () => {
  network = await startTestNetwork()
  market = await runAsProcess(network, 'marketplace')
  seller = await network.signUp()
})
beforeEach(async () => {
  await network.payments.control.order()
  buyer = await network.signUp()
  // An exclusive one, which is reserved while somebody pays.
  listed = await until('the listing', () => offer(network, seller, { exclusive: true }))
  requestId = randomUUID()
})
afterAll(async () => {
  await market[Symbol.asyncDispose]()
  await network.stop()
})

const query = <Row extends object>(text: string, ...values: unknown[]) =>
  onDatabase<Row>(network.services['marketplace']!.databaseUrl, text, ...values)

/** The only purchase of the listing. */
async function purchase() {
  const rows = await query<{ id: string; status: string; reference: string | null; failureReason: string | null }>(
    `select id, status, provider_ref as reference, failure_reason as "failureReason" from transactions where listing_id = $1`,
    listed.listingId,
  )
  expect(rows.length).toBeLessThanOrEqual(1)
  return rows[0]
}

const begun = () => until('the purchase to begin', purchase)

/** Starts the marketplace again, which looks at once at what is due, and waits for the end of the purchase. */
async function recovered() {
  await query(
    `update transactions set created_at = now() - interval '1 minute', next_check_at = now() - interval '1 second'
    where status = 'PENDING'`,
  )
  await market.start()
  return until('the purchase to end', async () => {
    const found = await purchase()
    return found!.status !== 'PENDING' && found
  })
}

/** Buys as clients should: again when there is no answer, with the same request id. */
const buyAgain = () =>
  until('an answer', async () => {
    const answer = await buy(network, buyer, listed.listingId, { requestId })
    return answer.status === 200 && answer.body
  })

const mayRead = async () =>
  (await network.rest(`GET /v1/prompts/${listed.promptId}/versions/1`, { token: buyer.token })).status === 200

/** What there is of a purchase everywhere: either all that belongs to one that was paid, or nothing of it. */
async function expectWhole(id: string, outcome: 'COMPLETED' | 'FAILED') {
  const isPaid = outcome === 'COMPLETED'
  if (isPaid) await until('the licence to unlock', mayRead)
  const { charges, payments } = await network.payments.control.of(id)
  const [stored] = await query(
    `select (select count(*)::integer from licenses where transaction_id = $1) as licenses,
      array(select kind::text from ledger_postings where transaction_id = $1) as postings,
      (select coalesce(sum(amount), 0)::text from ledger_entries) as imbalance,
      (select count(*)::integer from (select posting_id from ledger_entries group by 1 having sum(amount) <> 0) p) as uneven,
      status, reserved_tx, sales_count as sales
    from prompt_listings where id = $2`,
    id,
    listed.listingId,
  )
  expect({ charges: charges.length, reads: await mayRead(), ...stored }).toEqual({
    charges: isPaid ? 1 : 0,
    reads: isPaid,
    licenses: isPaid ? 1 : 0,
    postings: isPaid ? ['PURCHASE'] : [],
    imbalance: '0',
    uneven: 0,
    status: isPaid ? 'SOLD' : 'ACTIVE',
    reserved_tx: null,
    sales: isPaid ? 1 : 0,
  })
  // Nothing of it can be charged any more; a payment whose reference was never stored is one that nobody can confirm.
  for (const { status, payment_method: method } of payments)
    expect(isPaid ? [status] : [status, method]).toEqual(
      isPaid ? ['succeeded'] : [expect.stringMatching(/^(canceled|requires_payment_method)$/), null],
    )
}

test.each([
  ['purchase begun', 'FAILED'],
  ['payment created', 'FAILED'],
  ['reference stored', 'FAILED'],
  ['payment confirmed', 'COMPLETED'],
  ['purchase completing', 'COMPLETED'],
  ['purchase finalised', 'COMPLETED'],
  ['purchase unlocked', 'COMPLETED'],
] as const)(
  'killed at “%s”, the marketplace finds after its start that the purchase is %s, and all is whole',
  async (failpoint, outcome) => {
    // Only what the marketplace finds by itself counts here.
    await network.payments.control.order({ call: 'webhook', copies: 0 })
    await market.kill()
    await market.start({ PF_FAILPOINT: failpoint })
    // No answer, or none that says what came of it.
    await until('the purchase to begin', async () => {
      await buy(network, buyer, listed.listingId, { requestId })
      return purchase()
    })
    await market.ended()
    const { id } = (await purchase())!
    expect(await recovered()).toMatchObject({ id, status: outcome })
    await expectWhole(id, outcome)

    const again = await buyAgain()
    expect(again.transaction).toMatchObject({ transactionId: id, status: outcome })
    expect(again.licenseKey).toMatch(outcome === 'COMPLETED' ? /^PF1-/ : /^$/)
    await expectWhole(id, outcome)
  },
)

test.each(['refund claimed', 'refund paid'])(
  'killed at “%s”, the marketplace gives the money back once, and the licence stays revoked',
  async (failpoint) => {
    const { transaction } = await buyAgain()
    const id: string = transaction.transactionId
    await until('the licence to unlock', mayRead)
    await network.payments.control.order({ call: 'webhook', copies: 0 })
    await market.kill()
    await market.start({ PF_FAILPOINT: failpoint })
    const refund = () => network.rest(`POST /v1/transactions/${id}:refund`, { token: buyer.token, body: {} })
    await until('the refund to be claimed', async () => {
      await refund()
      return (await refundStateOf(id)) !== null
    })
    await market.ended()
    expect(await refundStateOf(id)).toBe('REQUESTED')
    await query(`update transactions set next_check_at = now() - interval '1 second' where id = $1`, id)
    await market.start()
    await until('the refund to end', async () => (await refundStateOf(id)) === 'DONE')
    await until('the licence to lock', async () => !(await mayRead()))

    const asked = await until('an answer', async () => {
      const answer = await refund()
      return answer.status === 200 && answer.body.transaction
    })
    expect(asked.refundState).toBe('DONE')
    expect((await network.payments.control.of(id)).refunds.map(({ status }) => status)).toEqual(['succeeded'])
    const [stored] = await query(
      `select (select count(*)::integer from licenses where transaction_id = $1 and is_active) as active,
        array(select kind::text from ledger_postings where transaction_id = $1 order by id) as postings,
        (select coalesce(sum(amount), 0)::text from ledger_entries) as imbalance`,
      id,
    )
    expect(stored).toEqual({ active: 0, postings: ['PURCHASE', 'REFUND', 'REFUND_SETTLED'], imbalance: '0' })
  },
)

const refundStateOf = async (id: string) =>
  (await query<{ state: string | null }>('select refund_state as state from transactions where id = $1', id))[0]!.state

test('killed while the provider charges, the marketplace finds the charge after its start', async () => {
  await network.payments.control.order({ call: 'confirm', afterMs: 3000 }, { call: 'webhook', copies: 0 })
  const lost = buy(network, buyer, listed.listingId, { requestId })
  const { id } = await begun()
  await until('the charge', async () => (await network.payments.control.of(id)).charges.length === 1)
  await market.kill()
  await lost
  expect(await recovered()).toMatchObject({ id, status: 'COMPLETED' })
  await expectWhole(id, 'COMPLETED')
})

test('killed after it has asked for the charge, which comes late, the marketplace charges once or not at all', async () => {
  await network.payments.control.order({ call: 'confirm', beforeMs: 1500 })
  const lost = buy(network, buyer, listed.listingId, { requestId })
  const { id } = await begun()
  await until('the reference', async () => (await purchase())!.reference)
  await market.kill()
  await lost
  const { status } = await recovered()
  await expectWhole(id, status as 'COMPLETED' | 'FAILED')
})

test('killed again and again while many buy, the marketplace has charged each who has a licence, and nobody else', async () => {
  const listings = await Promise.all(Array.from({ length: 12 }, () => offer(network, seller)))
  const purchases = listings.map(({ listingId }) => ({ listingId, requestId: randomUUID() }))
  await network.payments.control.order({ call: 'confirm', beforeMs: 100 })
  const buying = Promise.all(
    purchases.map(({ listingId, requestId: id }) =>
      until('the purchase to end', async () => {
        const { status, body } = await buy(network, buyer, listingId, { requestId: id })
        return status === 200 && body.transaction.status !== 'PENDING' && body
      }),
    ),
  )
  for (let kill = 0; kill < 3; kill++) {
    const before = (await network.payments.control.journal()).length
    await until(
      'the provider to be asked',
      async () => (await network.payments.control.journal()).length > before + 5,
      10_000,
    ).catch(() => undefined)
    await market.kill()
    await query(
      `update transactions set created_at = now() - interval '1 minute', next_check_at = now() - interval '1 second'
      where status = 'PENDING'`,
    )
    await market.start()
  }
  await until('the rest to be due', async () => {
    await query(
      `update transactions set created_at = now() - interval '1 minute', next_check_at = now() - interval '1 second'
      where status = 'PENDING'`,
    )
    const [row] = await query<{ count: number }>(`select count(*)::integer from transactions where status = 'PENDING'`)
    return row!.count === 0
  })
  for (const { transaction, license } of await buying) {
    const { charges } = await network.payments.control.of(transaction.transactionId)
    const isPaid = transaction.status === 'COMPLETED'
    expect([charges.length, Boolean(license)]).toEqual(isPaid ? [1, true] : [0, false])
  }
})
