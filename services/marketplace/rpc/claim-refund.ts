import type { EntityManager } from '@mikro-orm/postgresql'
import { changesOf, nothingToAudit } from '#chassis/audit.ts'
import { lockInTransaction } from '#chassis/db/advisory-locks.ts'
import { failedPrecondition } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { LicenseRevoked_Reason as Reason } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { Transaction } from '../db/transaction.entity.ts'
import type { LicenseEntity } from '../sales/events.ts'
import { GIVEN_UP_MS } from '../sales/finalise.ts'
import { followGivenBack } from '../sales/give-back.ts'
import { revokeLicense } from '../sales/licenses.ts'
import { storePosting } from '../sales/store-posting.ts'
import { applyChanges, licenseToChange, rulesOf, transactionToChange } from '../sales/transaction-to-change.ts'
import { BUYER_REFUND_PERIOD, type RefundBy, requestRefund } from '../transaction.ts'

/** Which transaction is to be refunded, as whom the caller asks for that, and why. */
type Claim = { id: string; role: RefundBy['as']; reason: string }

/** What the buyer reads of a licence that was refunded. */
const REFUNDED = 'the purchase was refunded'

/**
 * Claims a refund, before the payment provider hears of it: from now on the money belongs to the refund, the licence is revoked, and the reconciler sees to
 * it that the provider pays. Answers with the licence; undefined when the refund was claimed before.
 */
export const claimRefund = (
  { id, role, reason }: Claim,
  call: Pick<Call, 'caller' | 'origin' | 'transaction'>,
): Promise<LicenseEntity | undefined> =>
  call.transaction(async (em, emit, now) => {
    const { userId } = call.caller
    const tx = await transactionToChange(em, id)
    const by = role === 'BUYER' ? { as: role, refunds: await refundsOf(em, userId, now) } : { as: role }
    const before = rulesOf(tx)
    const decision = requestRefund(before, by, now)
    if (decision.refusal) {
      const { reason: why, message } = decision.refusal
      if (why === 'TRANSACTION_REFUNDED') {
        nothingToAudit(call)
        return undefined
      }
      throw failedPrecondition(why, message)
    }
    applyChanges(tx, decision.changes)
    Object.assign(tx, {
      refundReason: reason || null,
      refundRequestedAt: now,
      refundedBy: userId,
      nextCheckAt: new Date(now.getTime() + GIVEN_UP_MS),
      checks: 0,
    })
    emit.audit(EVENTS.marketplaceAudited, {
      action: Action.REFUND_REQUESTED,
      target: { kind: Kind.TRANSACTION, id },
      subjectId: tx.buyerId,
      changes: changesOf({ amount: ['', `${tx.amount} ${tx.currency}`], requested_as: ['', role] }),
      reason,
    })
    await followGivenBack(em, emit, { before, tx, now })
    const license = await licenseToChange(em, tx)
    revokeLicense(emit, license, Reason.REFUNDED, REFUNDED, now)
    await storePosting(em, decision.posting!, { sellerId: tx.sellerId, currency: tx.currency, createdBy: userId }, now)
    return license
  })

/** How many refunds a buyer has requested lately. Who requests several at once requests them one after another: the lock ends with the transaction. */
async function refundsOf(em: EntityManager, buyerId: string, now: Date): Promise<number> {
  await lockInTransaction(em, `refunds of ${buyerId}`)
  const since = new Date(now.getTime() - BUYER_REFUND_PERIOD)
  return em.count(Transaction, { buyerId, refundedBy: buyerId, refundRequestedAt: { $gt: since } })
}
