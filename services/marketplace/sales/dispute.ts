import type { Cause } from '#chassis/cause.ts'
import { aborted } from '#chassis/errors.ts'
import { LicenseRevoked_Reason as Reason } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { type DisputeState, isWithdrawn } from '../ledger.ts'
import { dispute } from '../transaction.ts'
import type { LicenseEntity } from './events.ts'
import type { Parts } from './finalise.ts'
import { followGivenBack } from './give-back.ts'
import { grantAgain, revokeLicense } from './licenses.ts'
import { storePosting } from './store-posting.ts'
import { applyChanges, licenseToChange, rulesOf, transactionToChange } from './transaction-to-change.ts'

/** What the buyer reads of a licence that was revoked by a dispute, and what such a licence is recognised by. */
export const DISPUTED = "the buyer's bank asked for the money"

/**
 * Stores what the provider says about a dispute. The licence is revoked as long as the bank has the money, and granted again when the seller wins. What came
 * before, or is older than what is known, changes nothing. Answers with the licence if it changed. Throws ABORTED when the payment is not completed yet:
 * the provider sends the event again.
 */
export const storeDispute = (
  { database, log }: Pick<Parts, 'database' | 'log'>,
  id: string,
  said: DisputeState,
  cause: Cause,
): Promise<LicenseEntity | undefined> =>
  database.transaction(cause, async (em, emit, now) => {
    const tx = await transactionToChange(em, id)
    if (tx.status === 'PENDING') throw notCompleted()
    if (tx.status === 'FAILED')
      log.error({ transaction: id }, 'a payment that failed is disputed: an administrator has to decide')
    const before = rulesOf(tx)
    const decision = dispute(before, said)
    if (decision.refusal || !decision.changes.disputeState) return undefined
    applyChanges(tx, decision.changes)
    await followGivenBack(em, emit, { before, tx, now })
    const license = await licenseToChange(em, tx)
    const { revision } = license
    if (isWithdrawn(tx)) revokeLicense(emit, license, Reason.DISPUTED, DISPUTED, now)
    else if (license.revokeReason === DISPUTED && !license.revokedBy) await grantAgain(em, emit, license, now)
    if (decision.posting) await storePosting(em, decision.posting, tx, now)
    return license.revision === revision ? undefined : license
  })

const notCompleted = () =>
  aborted('CONCURRENT_CHANGE', 'the disputed payment is not completed here yet: send this notice again', {
    retryAfterMs: 1000,
  })
