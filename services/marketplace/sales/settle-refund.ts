import type { Cause } from '#chassis/cause.ts'
import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { failpoint } from '#chassis/failpoints.ts'
import type { RefundState } from '../ledger.ts'
import { minorOf } from '../money.ts'
import { isPaymentError } from '../payments/payment-error.ts'
import type { Refund } from '../payments/payment.ts'
import { endRefund } from '../transaction.ts'
import type { Parts } from './finalise.ts'
import { followGivenBack } from './give-back.ts'
import { storePosting } from './store-posting.ts'
import { applyChanges, rulesOf, transactionToChange } from './transaction-to-change.ts'

type RefundParts = Pick<Parts, 'database' | 'payments' | 'log'>

type RefundRow = { amount: string; currency: string; provider_ref: string; refund_state: RefundState | null }

const getRefund = statement('get_refund', { id: uuid })<RefundRow>(
  (p) =>
    `select amount, currency, provider_ref, refund_state from transactions where id = ${p.id} and status = 'COMPLETED'`,
)

/** What came of a refund. Without a `reference` the provider has refused it. */
type Outcome = { state: Exclude<RefundState, 'REQUESTED'>; reference?: string }

/**
 * Has the payment provider carry out a refund that was claimed, unless it has, and stores what came of it: the only writer of DONE and FAILED. The provider is
 * asked while no lock is held, so any number of callers may do this at once. While it does not answer, or has not decided, the refund stays REQUESTED.
 * One that was done may still fail later, when the buyer's bank sends the money back.
 */
export async function settleRefund({ database, payments, log }: RefundParts, id: string, cause: Cause): Promise<void> {
  const [tx] = await database.sql(getRefund, { id })
  if (!tx || tx.refund_state === 'FAILED') return
  const outcome = await outcomeOf(payments, id, tx)
  if (!outcome) return
  if (tx.refund_state === null || outcome === 'ANOTHER') {
    log.error(
      { transaction: id, reference: tx.provider_ref },
      'the provider has a refund of this payment that was not requested here: an administrator has to decide',
    )
    return
  }
  await storeOutcome(database, id, outcome, cause)
}

async function outcomeOf(payments: Parts['payments'], id: string, tx: RefundRow) {
  // It is looked for first: what the same request was answered may be a fault of long ago.
  const known = await payments.refundOf(tx.provider_ref)
  if (known || tx.refund_state !== 'REQUESTED') return known && read(known, tx)
  try {
    const made = await payments.refund(id, tx.provider_ref)
    failpoint('refund paid')
    return read(made, tx)
  } catch (error) {
    const isFinal = isPaymentError(error) && (error.reason === 'DISPUTED' || error.reason === 'REJECTED')
    if (isFinal) return { state: 'FAILED' } satisfies Outcome
    throw error
  }
}

function read({ status, amount, currency, reference }: Refund, tx: RefundRow): Outcome | 'ANOTHER' | undefined {
  if (amount !== minorOf(tx.amount) || currency !== tx.currency) return 'ANOTHER'
  switch (status) {
    case 'SUCCEEDED':
      return { state: 'DONE', reference }
    case 'FAILED':
      return { state: 'FAILED', reference }
    case 'PENDING':
      return undefined
  }
}

const storeOutcome = (database: Parts['database'], id: string, { state, reference }: Outcome, cause: Cause) =>
  database.transaction(cause, async (em, emit, now) => {
    const tx = await transactionToChange(em, id)
    const before = rulesOf(tx)
    const decision = endRefund(before, state, now)
    // Somebody else has stored it.
    if (decision.refusal || !decision.posting) return
    applyChanges(tx, decision.changes)
    Object.assign(tx, { refundRef: reference ?? null, nextCheckAt: null })
    await followGivenBack(em, emit, { before, tx, now })
    await storePosting(em, decision.posting, tx, now)
  })
