import type { EntityManager } from '@mikro-orm/postgresql'
import { changesOf, nothingToAudit } from '#chassis/audit.ts'
import { brokenConstraint } from '#chassis/db/failures.ts'
import { type AppError, failedPrecondition, invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { RecordPayoutRequest } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { LedgerEntry, LedgerPosting } from '../db/ledger.entity.ts'
import { amountText } from '../money.ts'
import { balanceToChange, storePosting } from '../sales/store-posting.ts'
import { payOut } from '../transaction.ts'
import { readMoney } from './money.ts'
import { toBalance } from './view.ts'

type Payout = { sellerId: string; currency: string; cents: bigint; reference: string }

export const recordPayout = async (request: RecordPayoutRequest, call: Call) => {
  const { userId: sellerId, reference } = request
  const amount = readMoney('amount', request.amount!)
  if (amount.problems) throw invalid(amount.problems)
  const payout: Payout = { sellerId, reference, ...amount }
  const record = call.transaction(async (em, emit, now) => {
    const { currency, cents } = payout
    // Locked first, so of calls with one reference at once the others find what the first has stored.
    const balance = await balanceToChange(em, sellerId, currency)
    if (await wasRecorded(em, payout)) {
      nothingToAudit(call)
      return toBalance(balance)
    }
    const decision = payOut(balance, { id: sellerId, currency }, cents)
    if (decision.refusal) {
      const { available } = balance
      throw failedPrecondition('BALANCE_TOO_LOW', decision.refusal.message, {
        metadata: { available: amountText(available) },
      })
    }
    const facts = { sellerId, currency, createdBy: call.caller.userId, reference }
    const posting = decision.posting!
    await storePosting(em, posting, facts, now)
    emit.audit(EVENTS.marketplaceAudited, {
      action: Action.PAYOUT_RECORDED,
      target: { kind: Kind.USER, id: sellerId },
      subjectId: sellerId,
      changes: changesOf({ amount: ['', `${amountText(cents)} ${currency}`], reference: ['', reference] }),
    })
    const { pending, available } = posting.change
    return toBalance({ currency, pending: balance.pending + pending, available: balance.available + available })
  })
  // Of two sellers, so that no lock of one kept them apart.
  const balance = await record.catch((error: unknown) => {
    throw brokenConstraint(error) === 'ledger_postings_reference_key' ? referenceUsed() : error
  })
  return { balance }
}

/** Whether this payout has been recorded. Throws when its reference is another payout's. */
async function wasRecorded(em: EntityManager, { sellerId, currency, cents, reference }: Payout): Promise<boolean> {
  const posting = await em.findOne(LedgerPosting, { reference })
  if (!posting) return false
  const paid = await em.findOneOrFail(LedgerEntry, { posting, account: 'EXTERNAL' })
  const isSame = posting.sellerId === sellerId && posting.currency === currency && paid.amount === cents
  if (!isSame) throw referenceUsed()
  return true
}

const referenceUsed = (): AppError =>
  failedPrecondition(
    'REFERENCE_USED',
    'this reference was used for another payout: compare both, and give the reference of this transfer',
  )
