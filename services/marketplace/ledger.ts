/**
 * Who has money: the world outside (buyers' cards, sellers' banks), a seller before and after the release of a sale, the platform, and
 * refunds on their way. An amount is positive when the account gets it.
 */
export type Account = 'EXTERNAL' | 'SELLER_PENDING' | 'SELLER_AVAILABLE' | 'FEE' | 'REFUND_CLEARING'

/** Why money of a transaction moves. Each occurs at most once in a transaction. */
export type TransactionPosting =
  'PURCHASE' | 'RELEASE' | 'REFUND' | 'REFUND_SETTLED' | 'REFUND_REVERSED' | 'DISPUTE' | 'DISPUTE_REVERSED'

/** A change of one account. `amount` is in minor units, never zero; `sellerId` is whose sale or payout it is, also for the platform's accounts. */
export type Entry = { account: Account; sellerId: string; currency: string; amount: bigint }

/** What a seller has in one currency, or how that changes: minor units. `available` is negative when the seller owes money. */
export type Balance = { pending: bigint; available: bigint }

/** What a seller has of a sale, or how that changes, minor units: `fee` is what PromptForge keeps of the seller's money. */
export type Share = Balance & { fee: bigint }

/** Entries that sum to zero, and what they change of the seller's. A payout belongs to no transaction. */
export type Posting = {
  kind: TransactionPosting | 'PAYOUT'
  transactionId: string | null
  entries: Entry[]
  change: Share
}

/** What is sold for how much. `amount` and `fee`, of it, are minor units. */
export type Sale = { id: string; sellerId: string; currency: string; amount: bigint; fee: bigint }

/** How far a refund is: claimed, paid back, or not possible. */
export type RefundState = 'REQUESTED' | 'DONE' | 'FAILED'

/** What the buyer's bank has decided about a disputed payment, if it has. */
export type DisputeState = 'OPEN' | 'WON' | 'LOST'

/** The part of a transaction that says who has its money. `WON` is the seller's victory. */
export type SaleState = {
  status: 'PENDING' | 'COMPLETED' | 'FAILED'
  releasedAt?: Date | null
  refundState?: RefundState | null
  disputeState?: DisputeState | null
}

/** Whether the buyer gets the money back, or has it back, by a refund. */
export const isRefunded = ({ refundState }: SaleState) => refundState === 'REQUESTED' || refundState === 'DONE'

/** Whether the bank has taken the money back for the buyer: it does so when a dispute begins, and returns it when the seller wins. */
export const isWithdrawn = ({ disputeState }: SaleState) => disputeState === 'OPEN' || disputeState === 'LOST'

/** Whether a sale counts as given back: by a refund, or by a dispute that the seller has lost. While a dispute is open, nobody knows. */
export const isGivenBack = (state: SaleState) => isRefunded(state) || state.disputeState === 'LOST'

/** What the seller has of a transaction, by its state alone: it is there once or not at all, so nothing can take it a second time. */
export function shareOf({ amount, fee }: Sale, state: SaleState): Share {
  const isSold = state.status === 'COMPLETED' && !isRefunded(state) && !isWithdrawn(state)
  return {
    fee: when(isSold, fee),
    pending: when(isSold && !state.releasedAt, amount - fee),
    available: when(isSold && Boolean(state.releasedAt), amount - fee),
  }
}

/**
 * Who has the money of a transaction, by its state alone. Money that a dispute withdraws after a refund was requested is the platform's loss,
 * until either ends well.
 */
export function positionOf(sale: Sale, state: SaleState): Record<Account, bigint> {
  const { amount } = sale
  const { fee, pending, available } = shareOf(sale, state)
  const withdrawn = isWithdrawn(state)
  return {
    EXTERNAL:
      when(state.status === 'COMPLETED', -amount) +
      when(state.refundState === 'DONE', amount) +
      when(withdrawn, amount),
    SELLER_PENDING: pending,
    SELLER_AVAILABLE: available,
    FEE: fee - when(isRefunded(state) && withdrawn, amount),
    REFUND_CLEARING: when(state.refundState === 'REQUESTED', amount),
  }
}

const when = (condition: boolean, value: bigint) => (condition ? value : 0n)

/** The posting by which the money follows a transaction from one state to the next. */
export function postingOf(kind: TransactionPosting, sale: Sale, before: SaleState, after: SaleState): Posting {
  const { id: transactionId, sellerId, currency } = sale
  const [from, to] = [positionOf(sale, before), positionOf(sale, after)]
  const accounts = Object.keys(from) as Account[]
  const entries = accounts
    .map((account) => ({ account, sellerId, currency, amount: to[account] - from[account] }))
    .filter(({ amount }) => amount !== 0n)
  const [had, has] = [shareOf(sale, before), shareOf(sale, after)]
  const change = {
    fee: has.fee - had.fee,
    pending: has.pending - had.pending,
    available: has.available - had.available,
  }
  return { kind, transactionId, entries, change }
}

/** The posting of a payout: `amount`, positive, leaves what is available of a seller. */
export function payoutOf(sellerId: string, currency: string, amount: bigint): Posting {
  const entries: Entry[] = [
    { account: 'EXTERNAL', sellerId, currency, amount },
    { account: 'SELLER_AVAILABLE', sellerId, currency, amount: -amount },
  ]
  return { kind: 'PAYOUT', transactionId: null, entries, change: { fee: 0n, pending: 0n, available: -amount } }
}

/** What the entries change in one account, minor units. They are of one currency. */
export const sumOf = (entries: readonly Entry[], account: Account): bigint =>
  entries.reduce((sum, entry) => sum + (entry.account === account ? entry.amount : 0n), 0n)
