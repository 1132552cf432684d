import {
  type Balance,
  isRefunded,
  isWithdrawn,
  payoutOf,
  type Posting,
  postingOf,
  type RefundState,
  type DisputeState,
  type Sale,
  type SaleState,
  type TransactionPosting,
} from './ledger.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A sale's money can be paid out so long after its completion, milliseconds. */
export const RELEASE_AFTER = 14 * DAY

/** A buyer may refund a purchase by themselves for so long after its completion, milliseconds. It is shorter than RELEASE_AFTER. */
export const BUYER_REFUND_WINDOW = 48 * HOUR

/** A buyer may do so MAX_BUYER_REFUNDS times in this time, milliseconds. */
export const BUYER_REFUND_PERIOD = 30 * DAY

/** See BUYER_REFUND_PERIOD. */
export const MAX_BUYER_REFUNDS = 3

/** The part of a transaction that these rules read. */
export type Transaction = Sale & SaleState & { completedAt?: Date | null }

/** What a decision changes in the transaction. */
export type Changes = Partial<
  Pick<Transaction, 'status' | 'completedAt' | 'releasedAt' | 'refundState' | 'disputeState'> & {
    refundedAt: Date | null
  }
>

/** Why something does not happen: a reason for programs, and a message that is safe to show. */
export type Refusal<R extends RefusalReason = RefusalReason> = { reason: R; message: string }

/** What to change in the transaction and to post, in one database transaction; or why nothing may happen. */
export type Decision<R extends RefusalReason = RefusalReason> =
  { changes: Changes; posting: Posting | undefined; refusal?: undefined } | { refusal: Refusal<R> }

/** Who wants a refund. `refunds` is how many the buyer has requested within BUYER_REFUND_PERIOD, whatever became of them. */
export type RefundBy = { as: 'SELLER' | 'ADMIN' } | { as: 'BUYER'; refunds: number }

const REFUSALS = {
  TRANSACTION_NOT_PENDING: 'the transaction has ended: read it again',
  TRANSACTION_NOT_COMPLETED: 'no payment of this transaction is completed: wait until it is, or buy again if it failed',
  TRANSACTION_REFUNDED: 'the transaction is refunded, or about to be: nothing is left to do',
  REFUND_IMPOSSIBLE:
    'the payment provider could not carry out the refund: an administrator has to pay it in another way',
  TRANSACTION_DISPUTED: "the buyer's bank examines this payment: wait for its decision",
  DISPUTE_LOST: "the buyer's bank has returned this payment to the buyer: nothing is left to do",
  REFUND_WINDOW_OVER: 'a buyer can refund a purchase within 48 hours of its completion: ask the seller for a refund',
  TOO_MANY_REFUNDS: 'a buyer can refund at most 3 purchases in 30 days: ask the seller for a refund',
  TRANSACTION_RELEASED: 'the money of this sale has been released',
  RELEASE_NOT_DUE: 'the money of a sale is released 14 days after its completion: wait until then',
  REFUND_NOT_REQUESTED: 'nobody has requested a refund of this transaction',
  REFUND_DECIDED: 'this refund has ended in another way: compare the ledger with the payment provider',
  DISPUTE_DECIDED: 'this dispute has ended in another way: compare the ledger with the payment provider',
  PAYOUT_NOT_POSITIVE: 'a payout must be more than zero',
  BALANCE_TOO_LOW: 'the seller has less available than this payout: read the balance, and pay out at most that',
} as const

/** Names of what may be refused. */
export type RefusalReason = keyof typeof REFUSALS

/** Why a refund cannot be requested. */
export type RefundRefusal =
  | 'TRANSACTION_NOT_COMPLETED'
  | 'TRANSACTION_REFUNDED'
  | 'TRANSACTION_DISPUTED'
  | 'DISPUTE_LOST'
  | 'REFUND_IMPOSSIBLE'
  | 'REFUND_WINDOW_OVER'
  | 'TOO_MANY_REFUNDS'

const refuse = <R extends RefusalReason>(reason: R) => ({ refusal: { reason, message: REFUSALS[reason] } })

/** The provider has charged the buyer. */
export function complete(tx: Transaction, now: Date): Decision {
  if (tx.status !== 'PENDING') return refuse('TRANSACTION_NOT_PENDING')
  return decide(tx, { status: 'COMPLETED', completedAt: now }, 'PURCHASE')
}

/**
 * Releases the money of a sale. A refund that failed and a dispute that the seller won do not prevent it; a refund that was requested
 * does, so the money of a failed one returns to where it came from.
 */
export function release(tx: Transaction, now: Date): Decision {
  if (tx.status !== 'COMPLETED') return refuse('TRANSACTION_NOT_COMPLETED')
  if (tx.releasedAt) return refuse('TRANSACTION_RELEASED')
  if (isRefunded(tx)) return refuse('TRANSACTION_REFUNDED')
  if (isWithdrawn(tx)) return refuse(disputeRefusal(tx))
  if (sinceCompletion(tx, now) < RELEASE_AFTER) return refuse('RELEASE_NOT_DUE')
  return decide(tx, { releasedAt: now }, 'RELEASE')
}

/**
 * Claims a refund of the whole amount, before the provider is asked for it. The seller and administrators may do so at any time, the
 * buyer soon after the purchase and not often. A transaction has one refund: what the provider could not do is not tried again.
 */
export function requestRefund(tx: Transaction, by: RefundBy, now: Date): Decision<RefundRefusal> {
  if (tx.status !== 'COMPLETED') return refuse('TRANSACTION_NOT_COMPLETED')
  if (isRefunded(tx)) return refuse('TRANSACTION_REFUNDED')
  if (isWithdrawn(tx)) return refuse(disputeRefusal(tx))
  if (tx.refundState === 'FAILED') return refuse('REFUND_IMPOSSIBLE')
  if (by.as === 'BUYER' && sinceCompletion(tx, now) > BUYER_REFUND_WINDOW) return refuse('REFUND_WINDOW_OVER')
  if (by.as === 'BUYER' && by.refunds >= MAX_BUYER_REFUNDS) return refuse('TOO_MANY_REFUNDS')
  return decide(tx, { refundState: 'REQUESTED' }, 'REFUND')
}

/**
 * The provider has paid the refund (DONE, also when it says that it had done so before), or cannot (FAILED): that also later, when the buyer's bank has
 * sent the money back. An outcome that comes again changes nothing.
 */
export function endRefund(tx: Transaction, outcome: Exclude<RefundState, 'REQUESTED'>, now: Date): Decision {
  if (!tx.refundState) return refuse('REFUND_NOT_REQUESTED')
  if (tx.refundState === outcome) return UNCHANGED
  if (tx.refundState === 'FAILED') return refuse('REFUND_DECIDED')
  return outcome === 'DONE'
    ? decide(tx, { refundState: 'DONE', refundedAt: now }, 'REFUND_SETTLED')
    : decide(tx, { refundState: 'FAILED', refundedAt: null }, 'REFUND_REVERSED')
}

/**
 * What the provider says about a dispute of the payment, in any order: that it is open is known first from its end when the message of its
 * begin was late. Losing may turn into winning; a victory is final. What comes again changes nothing.
 */
export function dispute(tx: Transaction, said: DisputeState): Decision {
  if (tx.status !== 'COMPLETED') return refuse('TRANSACTION_NOT_COMPLETED')
  if (tx.disputeState === said) return UNCHANGED
  if (tx.disputeState === 'WON' || (tx.disputeState && said === 'OPEN')) return refuse('DISPUTE_DECIDED')
  const wasWithdrawn = isWithdrawn(tx)
  const isNowWithdrawn = isWithdrawn({ ...tx, disputeState: said })
  if (wasWithdrawn === isNowWithdrawn) return { changes: { disputeState: said }, posting: undefined }
  return decide(tx, { disputeState: said }, isNowWithdrawn ? 'DISPUTE' : 'DISPUTE_REVERSED')
}

/** Pays a seller so much, in minor units, of what is available in one currency. */
export function payOut(balance: Balance, seller: { id: string; currency: string }, amount: bigint): Decision {
  if (amount <= 0n) return refuse('PAYOUT_NOT_POSITIVE')
  if (amount > balance.available) return refuse('BALANCE_TOO_LOW')
  return { changes: {}, posting: payoutOf(seller.id, seller.currency, amount) }
}

/**
 * As whom somebody may refund a transaction; undefined when they have nothing to do with it. Who is a party to it is no administrator
 * of it.
 */
export function refundRole(
  tx: { buyerId: string; sellerId: string },
  caller: { userId: string; isAdmin: boolean },
): RefundBy['as'] | undefined {
  if (caller.userId === tx.buyerId) return 'BUYER'
  if (caller.userId === tx.sellerId) return 'SELLER'
  return caller.isAdmin ? 'ADMIN' : undefined
}

const UNCHANGED = { changes: {}, posting: undefined }

const decide = (tx: Transaction, changes: Changes, kind: TransactionPosting) => ({
  changes,
  posting: postingOf(kind, tx, tx, { ...tx, ...changes }),
})

const disputeRefusal = ({ disputeState }: Transaction) =>
  disputeState === 'LOST' ? 'DISPUTE_LOST' : 'TRANSACTION_DISPUTED'

const sinceCompletion = ({ completedAt }: Transaction, now: Date) => now.getTime() - (completedAt ?? now).getTime()
