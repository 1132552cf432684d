import { describe, expect, test } from '@jest/globals'
import type { DisputeState } from './ledger.ts'
import {
  BUYER_REFUND_WINDOW,
  type Changes,
  complete,
  type Decision,
  dispute,
  endRefund,
  MAX_BUYER_REFUNDS,
  payOut,
  RELEASE_AFTER,
  release,
  type RefundBy,
  refundRole,
  requestRefund,
  type Transaction,
} from './transaction.ts'

const BOUGHT = new Date('2026-11-01T12:00:00Z')
const after = (milliseconds: number) => new Date(BOUGHT.getTime() + milliseconds)
const SOON = after(1000)
const DUE = after(RELEASE_AFTER)

const SELLER: RefundBy = { as: 'SELLER' }
const ADMIN: RefundBy = { as: 'ADMIN' }
const BUYER: RefundBy = { as: 'BUYER', refunds: 0 }

const transaction = (changes: Partial<Transaction> = {}): Transaction => ({
  id: 'tx',
  sellerId: 'seller',
  currency: 'USD',
  amount: 1_999n,
  fee: 400n,
  status: 'COMPLETED',
  completedAt: BOUGHT,
  ...changes,
})

/** What was posted, one after another, when these happen to a sale; or the reason why one of them is refused. */
function happening(...steps: ((tx: Transaction) => Decision)[]): (string | undefined)[] {
  let tx = transaction()
  return steps.map((step) => {
    const decision = step(tx)
    if (decision.refusal) return decision.refusal.reason
    tx = { ...tx, ...decision.changes }
    const { kind, change } = decision.posting ?? {}
    return change && `${kind} ${change.pending} ${change.available}`
  })
}

const released = (now: Date) => (tx: Transaction) => release(tx, now)
const refund = (tx: Transaction) => requestRefund(tx, SELLER, SOON)
const refundDone = (tx: Transaction) => endRefund(tx, 'DONE', SOON)
const refundFailed = (tx: Transaction) => endRefund(tx, 'FAILED', SOON)
const disputed = (said: DisputeState) => (tx: Transaction) => dispute(tx, said)

const reasonOf = (decision: Decision) => decision.refusal?.reason

describe('a purchase', () => {
  test('is completed once', () => {
    const pending = transaction({ status: 'PENDING', completedAt: null })
    expect(complete(pending, SOON)).toMatchObject({
      changes: { status: 'COMPLETED', completedAt: SOON },
      posting: { kind: 'PURCHASE', change: { pending: 1_599n, available: 0n } },
    })
    expect(reasonOf(complete(transaction(), SOON))).toBe('TRANSACTION_NOT_PENDING')
    expect(reasonOf(complete(transaction({ status: 'FAILED' }), SOON))).toBe('TRANSACTION_NOT_PENDING')
  })

  test.each(['PENDING', 'FAILED'] as const)('that is %s has no money to release, refund or dispute', (status) => {
    const tx = transaction({ status, completedAt: null })
    for (const decision of [release(tx, DUE), requestRefund(tx, ADMIN, SOON), dispute(tx, 'OPEN')]) {
      expect(reasonOf(decision)).toBe('TRANSACTION_NOT_COMPLETED')
    }
  })
})

describe('the money of a sale is released', () => {
  test('14 days after the completion, once', () => {
    expect(reasonOf(release(transaction(), after(RELEASE_AFTER - 1)))).toBe('RELEASE_NOT_DUE')
    expect(release(transaction(), DUE)).toMatchObject({ changes: { releasedAt: DUE }, posting: { kind: 'RELEASE' } })
    expect(reasonOf(release(transaction({ releasedAt: DUE }), DUE))).toBe('TRANSACTION_RELEASED')
    expect(RELEASE_AFTER).toBe(14 * 24 * 3_600_000)
  })

  test('never before it is known when it was completed', () => {
    expect(reasonOf(release(transaction({ completedAt: null }), DUE))).toBe('RELEASE_NOT_DUE')
  })

  test('only while there is neither a refund nor a dispute', () => {
    const not = (changes: Partial<Transaction>) => reasonOf(release(transaction(changes), DUE))
    expect(not({ refundState: 'REQUESTED' })).toBe('TRANSACTION_REFUNDED')
    expect(not({ refundState: 'DONE' })).toBe('TRANSACTION_REFUNDED')
    expect(not({ disputeState: 'OPEN' })).toBe('TRANSACTION_DISPUTED')
    expect(not({ disputeState: 'LOST' })).toBe('DISPUTE_LOST')
  })

  test('also after a refund that failed and a dispute that the seller won', () => {
    const tx = transaction({ refundState: 'FAILED', disputeState: 'WON' })
    expect(release(tx, DUE)).toMatchObject({ posting: { change: { pending: -1_599n, available: 1_599n } } })
  })
})

describe('a refund', () => {
  test('is for the seller and administrators at any time, for the buyer within 48 hours', () => {
    const years = after(1000 * 24 * 3_600_000)
    for (const by of [SELLER, ADMIN]) {
      expect(requestRefund(transaction(), by, years)).toMatchObject({ posting: { kind: 'REFUND' } })
    }
    const last = after(BUYER_REFUND_WINDOW)
    expect(requestRefund(transaction(), BUYER, last)).toMatchObject({ changes: { refundState: 'REQUESTED' } })
    expect(reasonOf(requestRefund(transaction(), BUYER, after(BUYER_REFUND_WINDOW + 1)))).toBe('REFUND_WINDOW_OVER')
    expect(BUYER_REFUND_WINDOW).toBe(48 * 3_600_000)
  })

  test("by the buyer always takes what is pending, because the buyer's time ends before the release", () => {
    expect(BUYER_REFUND_WINDOW).toBeLessThan(RELEASE_AFTER)
  })

  test('is for a buyer the third in 30 days, not the fourth', () => {
    const by = (refunds: number): RefundBy => ({ as: 'BUYER', refunds })
    expect(reasonOf(requestRefund(transaction(), by(2), SOON))).toBeUndefined()
    expect(reasonOf(requestRefund(transaction(), by(3), SOON))).toBe('TOO_MANY_REFUNDS')
    expect(MAX_BUYER_REFUNDS).toBe(3)
  })

  test('is refused while there is one, after one, while disputed, and after a lost dispute, whoever asks', () => {
    const refused: [Changes, string][] = [
      [{ refundState: 'REQUESTED' }, 'TRANSACTION_REFUNDED'],
      [{ refundState: 'DONE' }, 'TRANSACTION_REFUNDED'],
      [{ refundState: 'FAILED' }, 'REFUND_IMPOSSIBLE'],
      [{ disputeState: 'OPEN' }, 'TRANSACTION_DISPUTED'],
      [{ disputeState: 'LOST' }, 'DISPUTE_LOST'],
    ]
    for (const by of [SELLER, ADMIN, BUYER]) {
      for (const [changes, reason] of refused) {
        expect(reasonOf(requestRefund(transaction(changes), by, SOON))).toBe(reason)
      }
    }
  })

  test('takes from what is pending before the release, and from what is available after it, even when that was paid out', () => {
    expect(happening(refund, refundDone)).toEqual(['REFUND -1599 0', 'REFUND_SETTLED 0 0'])
    expect(happening(released(DUE), refund, refundDone)).toEqual([
      'RELEASE -1599 1599',
      'REFUND 0 -1599',
      'REFUND_SETTLED 0 0',
    ])
  })

  test('that fails returns the money to where it came from, though it was due for release meanwhile; the next run releases it', () => {
    expect(happening(refund, released(DUE), refundFailed, released(DUE))).toEqual([
      'REFUND -1599 0',
      'TRANSACTION_REFUNDED',
      'REFUND_REVERSED 1599 0',
      'RELEASE -1599 1599',
    ])
    expect(happening(released(DUE), refund, refundFailed)[2]).toBe('REFUND_REVERSED 0 1599')
  })

  test('ends once: the same outcome again changes nothing, and one that was done may still fail, but not the other way round', () => {
    expect(happening(refundDone)).toEqual(['REFUND_NOT_REQUESTED'])
    expect(happening(refund, refundDone, refundDone, refundFailed)).toEqual([
      'REFUND -1599 0',
      'REFUND_SETTLED 0 0',
      undefined,
      'REFUND_REVERSED 1599 0',
    ])
    expect(happening(refund, refundFailed, refundFailed, refundDone, refund).slice(2)).toEqual([
      undefined,
      'REFUND_DECIDED',
      'REFUND_IMPOSSIBLE',
    ])
  })

  test('that is done says when', () => {
    const decision = endRefund(transaction({ refundState: 'REQUESTED' }), 'DONE', SOON)
    expect(decision).toMatchObject({ changes: { refundState: 'DONE', refundedAt: SOON } })
  })
})

describe('a dispute', () => {
  test('takes the money, returns it when the seller wins, and keeps it when the seller loses', () => {
    expect(happening(disputed('OPEN'), disputed('WON'), released(DUE))).toEqual([
      'DISPUTE -1599 0',
      'DISPUTE_REVERSED 1599 0',
      'RELEASE -1599 1599',
    ])
    expect(happening(disputed('OPEN'), disputed('LOST'), released(DUE))).toEqual([
      'DISPUTE -1599 0',
      undefined,
      'DISPUTE_LOST',
    ])
    expect(happening(released(DUE), disputed('OPEN'), disputed('WON')).slice(1)).toEqual([
      'DISPUTE 0 -1599',
      'DISPUTE_REVERSED 0 1599',
    ])
  })

  test('may be heard of in any order, and twice', () => {
    expect(happening(disputed('LOST'), disputed('OPEN'), disputed('LOST'))).toEqual([
      'DISPUTE -1599 0',
      'DISPUTE_DECIDED',
      undefined,
    ])
    expect(happening(disputed('WON'), disputed('OPEN'), disputed('LOST'), disputed('WON'))).toEqual([
      undefined,
      'DISPUTE_DECIDED',
      'DISPUTE_DECIDED',
      undefined,
    ])
    expect(happening(disputed('LOST'), disputed('WON'), disputed('LOST'))).toEqual([
      'DISPUTE -1599 0',
      'DISPUTE_REVERSED 1599 0',
      'DISPUTE_DECIDED',
    ])
  })

  test('of a sale that is being refunded takes nothing more from the seller', () => {
    expect(happening(refund, disputed('OPEN'), refundDone, disputed('WON'))).toEqual([
      'REFUND -1599 0',
      'DISPUTE 0 0',
      'REFUND_SETTLED 0 0',
      'DISPUTE_REVERSED 0 0',
    ])
  })

  test('for which the provider refuses the refund leaves the seller as if there had been the dispute alone', () => {
    expect(happening(refund, disputed('OPEN'), refundFailed, disputed('WON'), released(DUE))).toEqual([
      'REFUND -1599 0',
      'DISPUTE 0 0',
      'REFUND_REVERSED 0 0',
      'DISPUTE_REVERSED 1599 0',
      'RELEASE -1599 1599',
    ])
    expect(happening(refund, disputed('OPEN'), disputed('WON'), refundFailed).slice(2)).toEqual([
      'DISPUTE_REVERSED 0 0',
      'REFUND_REVERSED 1599 0',
    ])
    expect(happening(refund, refundFailed, disputed('OPEN'), disputed('LOST')).slice(2)).toEqual([
      'DISPUTE -1599 0',
      undefined,
    ])
  })

  test('that the seller won does not prevent a refund', () => {
    expect(happening(disputed('OPEN'), refund, disputed('WON'), refund, refundDone)).toEqual([
      'DISPUTE -1599 0',
      'TRANSACTION_DISPUTED',
      'DISPUTE_REVERSED 1599 0',
      'REFUND -1599 0',
      'REFUND_SETTLED 0 0',
    ])
  })
})

describe('a payout', () => {
  const seller = { id: 'seller', currency: 'USD' }
  const balance = (available: bigint) => ({ pending: 10_000n, available })

  test('takes at most what is available, and nothing that is pending', () => {
    expect(payOut(balance(1_599n), seller, 1_599n)).toMatchObject({ posting: { kind: 'PAYOUT' } })
    expect(reasonOf(payOut(balance(1_599n), seller, 1_600n))).toBe('BALANCE_TOO_LOW')
    expect(reasonOf(payOut(balance(0n), seller, 1n))).toBe('BALANCE_TOO_LOW')
  })

  test('is refused to a seller who owes money', () => {
    expect(reasonOf(payOut(balance(-1_599n), seller, 1n))).toBe('BALANCE_TOO_LOW')
  })

  test.each([0n, -1n])('of %i is none', (amount) => {
    expect(reasonOf(payOut(balance(1_599n), seller, amount))).toBe('PAYOUT_NOT_POSITIVE')
    expect(reasonOf(payOut(balance(-1_599n), seller, amount))).toBe('PAYOUT_NOT_POSITIVE')
  })
})

test('who is a party to a transaction refunds it as that party, an administrator too; anybody else has nothing to do with it', () => {
  const role = (userId: string, isAdmin: boolean) =>
    refundRole({ buyerId: 'buyer', sellerId: 'seller' }, { userId, isAdmin })
  expect([role('buyer', false), role('buyer', true)]).toEqual(['BUYER', 'BUYER'])
  expect([role('seller', false), role('seller', true)]).toEqual(['SELLER', 'SELLER'])
  expect([role('other', false), role('other', true)]).toEqual([undefined, 'ADMIN'])
})
