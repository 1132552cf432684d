import { describe, expect, test } from '@jest/globals'
import {
  type Account,
  type DisputeState,
  isGivenBack,
  payoutOf,
  positionOf,
  type Posting,
  postingOf,
  type RefundState,
  type Sale,
  type SaleState,
  sumOf,
} from './ledger.ts'
import { feeOf } from './money.ts'

const ACCOUNTS: Account[] = ['EXTERNAL', 'SELLER_PENDING', 'SELLER_AVAILABLE', 'FEE', 'REFUND_CLEARING']

const SALE: Sale = { id: 'tx', sellerId: 'seller', currency: 'USD', amount: 1_999n, fee: feeOf(1_999n, 2_000) }

const BEFORE: SaleState = { status: 'PENDING' }
const SOLD: SaleState = { status: 'COMPLETED' }
const RELEASED: SaleState = { ...SOLD, releasedAt: new Date() }
const claimed = (state: SaleState): SaleState => ({ ...state, refundState: 'REQUESTED' })
const refunded = (state: SaleState): SaleState => ({ ...state, refundState: 'DONE' })
const failed = (state: SaleState): SaleState => ({ ...state, refundState: 'FAILED' })
const disputed = (state: SaleState): SaleState => ({ ...state, disputeState: 'OPEN' })
const won = (state: SaleState): SaleState => ({ ...state, disputeState: 'WON' })

const rowOf = ({ entries }: Posting) => ACCOUNTS.map((account) => Number(sumOf(entries, account)))

describe('the worked example: 19.99, of which the fee is 4.00', () => {
  const rows: [string, Posting, number[]][] = [
    ['PURCHASE', postingOf('PURCHASE', SALE, BEFORE, SOLD), [-1999, 1599, 0, 400, 0]],
    ['RELEASE', postingOf('RELEASE', SALE, SOLD, RELEASED), [0, -1599, 1599, 0, 0]],
    ['PAYOUT', payoutOf('seller', 'USD', 1_599n), [1599, 0, -1599, 0, 0]],
    ['REFUND', postingOf('REFUND', SALE, RELEASED, claimed(RELEASED)), [0, 0, -1599, -400, 1999]],
    [
      'REFUND_SETTLED',
      postingOf('REFUND_SETTLED', SALE, claimed(RELEASED), refunded(RELEASED)),
      [1999, 0, 0, 0, -1999],
    ],
  ]

  test.each(rows)('%s moves it', (kind, posting, row) => {
    expect(posting.kind).toBe(kind)
    expect(rowOf(posting)).toEqual(row)
    expect(posting.entries.every(({ amount }) => amount !== 0n)).toBe(true)
    expect(posting.change).toEqual({ fee: BigInt(row[3]!), pending: BigInt(row[1]!), available: BigInt(row[2]!) })
  })

  test('in the end the seller owes 15.99, and everything sums to zero', () => {
    const end = ACCOUNTS.map((_, column) => rows.reduce((sum, [, , row]) => sum + row[column]!, 0))
    expect(end).toEqual([1599, 0, -1599, 0, 0])
  })
})

describe('postings beside those of the example', () => {
  test.each([
    ['REFUND before the release', postingOf('REFUND', SALE, SOLD, claimed(SOLD)), [0, -1599, 0, -400, 1999]],
    [
      'REFUND_REVERSED before the release',
      postingOf('REFUND_REVERSED', SALE, claimed(SOLD), failed(SOLD)),
      [0, 1599, 0, 400, -1999],
    ],
    [
      'REFUND_REVERSED after it',
      postingOf('REFUND_REVERSED', SALE, claimed(RELEASED), failed(RELEASED)),
      [0, 0, 1599, 400, -1999],
    ],
    ['DISPUTE before it', postingOf('DISPUTE', SALE, SOLD, disputed(SOLD)), [1999, -1599, 0, -400, 0]],
    ['DISPUTE after it', postingOf('DISPUTE', SALE, RELEASED, disputed(RELEASED)), [1999, 0, -1599, -400, 0]],
    [
      'DISPUTE_REVERSED before it',
      postingOf('DISPUTE_REVERSED', SALE, disputed(SOLD), won(SOLD)),
      [-1999, 1599, 0, 400, 0],
    ],
    [
      'DISPUTE_REVERSED after it',
      postingOf('DISPUTE_REVERSED', SALE, disputed(RELEASED), won(RELEASED)),
      [-1999, 0, 1599, 400, 0],
    ],
    // The seller has paid already.
    [
      'DISPUTE after a refund',
      postingOf('DISPUTE', SALE, claimed(SOLD), disputed(claimed(SOLD))),
      [1999, 0, 0, -1999, 0],
    ],
    [
      'REFUND_REVERSED during a dispute',
      postingOf('REFUND_REVERSED', SALE, disputed(claimed(SOLD)), disputed(failed(SOLD))),
      [0, 0, 0, 1999, -1999],
    ],
  ])('%s', (_, posting, row) => {
    expect(rowOf(posting)).toEqual(row)
  })

  test("change nothing of the seller's where the platform bears a loss, also when its fee was the whole price", () => {
    const sale = { ...SALE, fee: SALE.amount }
    const loss = postingOf('DISPUTE', sale, claimed(SOLD), disputed(claimed(SOLD)))
    expect(loss).toMatchObject({ change: { fee: 0n, pending: 0n, available: 0n } })
    expect(postingOf('DISPUTE', sale, SOLD, disputed(SOLD))).toMatchObject({ change: { fee: -1_999n, pending: 0n } })
  })

  test('name transaction, seller and currency; a payout has no transaction', () => {
    const purchase = postingOf('PURCHASE', SALE, BEFORE, SOLD)
    expect(purchase.transactionId).toBe('tx')
    expect(payoutOf('seller', 'EUR', 5n)).toEqual({
      kind: 'PAYOUT',
      transactionId: null,
      entries: [
        { account: 'EXTERNAL', sellerId: 'seller', currency: 'EUR', amount: 5n },
        { account: 'SELLER_AVAILABLE', sellerId: 'seller', currency: 'EUR', amount: -5n },
      ],
      change: { fee: 0n, pending: 0n, available: -5n },
    })
    for (const entry of purchase.entries) expect(entry).toMatchObject({ sellerId: 'seller', currency: 'USD' })
  })

  test.each([0n, 1_999n])('a fee of %i leaves no entry of zero', (fee) => {
    const { entries } = postingOf('PURCHASE', { ...SALE, fee }, BEFORE, SOLD)
    expect(entries.map(({ amount }) => amount).toSorted((a, b) => Number(a - b))).toEqual([-1_999n, 1_999n])
  })
})

test.each<[string, SaleState, boolean]>([
  ['that was paid', SOLD, false],
  ['whose refund is claimed', claimed(SOLD), true],
  ['that was refunded', refunded(SOLD), true],
  ['whose refund failed', failed(SOLD), false],
  ['that is disputed', disputed(SOLD), false],
  ['whose dispute the seller won', won(SOLD), false],
  ['whose dispute the seller lost', { ...SOLD, disputeState: 'LOST' }, true],
  ['whose refund failed and whose dispute the seller lost', { ...failed(SOLD), disputeState: 'LOST' }, true],
  ['that was refunded and whose dispute the seller won', won(refunded(SOLD)), true],
])('a sale %s counts as given back: %#', (_, state, expected) => {
  expect(isGivenBack(state)).toBe(expected)
})

test('in every state the accounts sum to zero, and the seller has the whole net amount in one bucket or nothing', () => {
  const refundStates: (RefundState | null)[] = [null, 'REQUESTED', 'DONE', 'FAILED']
  const disputeStates: (DisputeState | null)[] = [null, 'OPEN', 'WON', 'LOST']
  for (const releasedAt of [null, new Date()]) {
    for (const refundState of refundStates) {
      for (const disputeState of disputeStates) {
        const position = positionOf(SALE, { status: 'COMPLETED', releasedAt, refundState, disputeState })
        expect(Object.values(position).reduce((sum, amount) => sum + amount)).toBe(0n)
        const { SELLER_PENDING: pending, SELLER_AVAILABLE: available } = position
        expect(releasedAt ? pending : available).toBe(0n)
        expect([0n, 1_599n]).toContain(pending + available)
      }
    }
  }
  for (const status of ['PENDING', 'FAILED'] as const) {
    expect(Object.values(positionOf(SALE, { status }))).toEqual([0n, 0n, 0n, 0n, 0n])
  }
})
