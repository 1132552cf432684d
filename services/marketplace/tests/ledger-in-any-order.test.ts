import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type DisputeState, type Posting, sumOf } from '../ledger.ts'
import { feeOf } from '../money.ts'
import {
  complete,
  type Decision,
  dispute,
  endRefund,
  payOut,
  RELEASE_AFTER,
  release,
  requestRefund,
  type Transaction,
} from '../transaction.ts'
import { balanceOf, type Books, booksOf, broken, brokenBy, CURRENCIES, entriesOf, post, SELLERS } from './books.ts'

const START = new Date('2026-11-01T12:00:00Z').getTime()
const HOUR = 3_600_000

/** What happens to a transaction: the same events as in the service, from whomever. */
type Step =
  'complete' | 'release' | 'refund' | 'buyer refunds' | 'refund DONE' | 'refund FAILED' | `dispute ${DisputeState}`

const STEPS: Step[] = [
  'complete',
  'release',
  'refund',
  'buyer refunds',
  'refund DONE',
  'refund FAILED',
  'dispute OPEN',
  'dispute WON',
  'dispute LOST',
]

function take(step: Step, tx: Transaction, now: Date): Decision {
  switch (step) {
    case 'complete':
      return complete(tx, now)
    case 'release':
      return release(tx, now)
    case 'refund':
      return requestRefund(tx, { as: 'SELLER' }, now)
    case 'buyer refunds':
      return requestRefund(tx, { as: 'BUYER', refunds: 0 }, now)
    case 'refund DONE':
      return endRefund(tx, 'DONE', now)
    case 'refund FAILED':
      return endRefund(tx, 'FAILED', now)
    case 'dispute OPEN':
      return dispute(tx, 'OPEN')
    case 'dispute WON':
      return dispute(tx, 'WON')
    case 'dispute LOST':
      return dispute(tx, 'LOST')
  }
}

function happen(books: Books, step: Step, at: number) {
  const tx = books.transactions[at % books.transactions.length]!
  const decision = take(step, tx, new Date(books.now))
  if (decision.refusal) return
  Object.assign(tx, decision.changes)
  post(books, decision.posting)
}

function pay(books: Books, sellerId: string, currency: string, amount: bigint) {
  const before = balanceOf(books, sellerId, currency).available
  const decision = payOut(balanceOf(books, sellerId, currency), { id: sellerId, currency }, amount)
  if (!decision.refusal !== (amount > 0n && amount <= before)) throw new Error(`a payout of ${amount} out of ${before}`)
  if (!decision.refusal) post(books, decision.posting)
}

const money = fc.bigInt({ min: 1n, max: 9_999_999_999n })

const sales = fc.array(
  fc.record({
    sellerId: fc.constantFrom(...SELLERS),
    currency: fc.constantFrom(...CURRENCIES),
    amount: fc.oneof(fc.constant(1_999n), fc.bigInt({ min: 1n, max: 5n }), money),
    bps: fc.oneof(fc.constant(2_000), fc.integer({ min: 0, max: 10_000 })),
  }),
  { minLength: 1, maxLength: 5 },
)

const operations = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ step: fc.constantFrom(...STEPS), at: fc.nat(4) }) },
    { weight: 2, arbitrary: fc.record({ hours: fc.constantFrom(1, 47, 24 * 13, 24 * 14) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        sellerId: fc.constantFrom(...SELLERS),
        currency: fc.constantFrom(...CURRENCIES),
        // A part of what is available in hundredths, or any amount.
        payout: fc.oneof(fc.integer({ min: 0, max: 120 }), money),
      }),
    },
  ),
  { minLength: 20, maxLength: 120, size: 'max' },
)

const transactionsOf = (sold: { sellerId: string; currency: string; amount: bigint; bps: number }[]) =>
  sold.map(({ bps, ...sale }, index): Transaction => {
    return { ...sale, id: `tx-${index}`, fee: feeOf(sale.amount, bps), status: 'PENDING' }
  })

test('whatever happens in whatever order to sales of several sellers in several currencies, the ledger balances after each step', () => {
  let happened = 0
  fc.assert(
    fc.property(sales, operations, (sold, steps) => {
      const books = booksOf(transactionsOf(sold), START)
      for (const operation of steps) {
        happened++
        if ('step' in operation) happen(books, operation.step, operation.at)
        else if ('hours' in operation) books.now += operation.hours * HOUR
        else {
          const { sellerId, currency, payout } = operation
          const { available } = balanceOf(books, sellerId, currency)
          pay(books, sellerId, currency, typeof payout === 'bigint' ? payout : (available * BigInt(payout)) / 100n)
        }
        expect(broken(books)).toEqual([])
      }
    }),
    { numRuns: 200 },
  )
  expect(happened).toBeGreaterThan(10_000)
})

test('a seller who owes money after a payout and a refund has paid it back with the next release', () => {
  const sale = { sellerId: 'ada', currency: 'USD', amount: 1_999n, bps: 2_000 }
  const books = booksOf(transactionsOf([sale, sale]), START)
  happen(books, 'complete', 0)
  happen(books, 'complete', 1)
  books.now += RELEASE_AFTER
  happen(books, 'release', 0)
  pay(books, 'ada', 'USD', 1_599n)
  happen(books, 'refund', 0)
  happen(books, 'refund DONE', 0)
  expect(balanceOf(books, 'ada', 'USD')).toEqual({ pending: 1_599n, available: -1_599n })
  pay(books, 'ada', 'USD', 1n)
  happen(books, 'release', 1)
  expect(balanceOf(books, 'ada', 'USD')).toEqual({ pending: 0n, available: 0n })
  expect(broken(books)).toEqual([])
})

/** A transaction that was brought into a state, and how. */
type Reached = { tx: Transaction; postings: Posting[]; path: Step[] }

/** Every state that a transaction can reach, by every different set of postings that leads to it. Time for release has come. */
function reachable(): Reached[] {
  const [tx] = transactionsOf([{ sellerId: 'ada', currency: 'USD', amount: 1_999n, bps: 2_000 }])
  const reached = new Map<string, Reached>()
  const open: Reached[] = [{ tx: tx!, postings: [], path: [] }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { status, releasedAt, refundState, disputeState } = next.tx
    const kinds = next.postings.map(({ kind }) => kind).toSorted()
    const key = [status, Boolean(releasedAt), refundState, disputeState, ...kinds].join()
    if (reached.has(key)) continue
    reached.set(key, next)
    // What is broken would have no end.
    if (brokenBy(next.tx, next.postings).length > 0) continue
    for (const step of STEPS) {
      const decision = take(step, next.tx, new Date(START + RELEASE_AFTER))
      if (decision.refusal) continue
      const postings = decision.posting ? [...next.postings, decision.posting] : next.postings
      const completedAt = new Date(START)
      open.push({ tx: { ...next.tx, ...decision.changes, completedAt }, postings, path: [...next.path, step] })
    }
  }
  return [...reached.values()]
}

test('in every state that a transaction can reach, its entries sum to zero and no bucket is spent twice', () => {
  const states = reachable()
  expect(states.flatMap(({ tx, postings }) => brokenBy(tx, postings))).toEqual([])
  const kinds = new Set(states.flatMap(({ postings }) => postings.map(({ kind }) => kind)))
  expect(kinds.size).toBe(7)
})

test('from every such state a transaction comes to an end at which nothing is pending, and no refund is on its way', () => {
  for (const { tx, postings, path } of reachable()) {
    const books = booksOf([{ ...tx }], START)
    for (const posting of postings) post(books, posting)
    books.now += RELEASE_AFTER
    for (const step of ['complete', 'dispute WON', 'refund DONE'] as const) happen(books, step, 0)
    books.now += RELEASE_AFTER
    happen(books, 'release', 0)
    const { pending, available } = balanceOf(books, 'ada', 'USD')
    expect({ path, pending, clearing: sumOf(entriesOf(books.postings), 'REFUND_CLEARING') }).toEqual({
      path,
      pending: 0n,
      clearing: 0n,
    })
    expect([0n, 1_599n]).toContain(available)
    expect(broken(books)).toEqual([])
  }
})
