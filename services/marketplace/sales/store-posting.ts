import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { newId } from '#chassis/ids.ts'
import { LedgerEntry, LedgerPosting, SellerBalance } from '../db/ledger.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import type { Posting } from '../ledger.ts'

/** Whose money it is, who made the posting, and for a payout its reference. */
type Facts = { sellerId: string; currency: string; createdBy?: string; reference?: string }

/** Stores a posting in the ledger, and what it changes in the seller's balance, which is locked until the transaction ends. */
export async function storePosting(em: EntityManager, posting: Posting, facts: Facts, now: Date): Promise<void> {
  const { kind, transactionId, entries, change } = posting
  const { sellerId, currency } = facts
  const stored = em.create(LedgerPosting, {
    id: newId(),
    transaction: transactionId === null ? null : em.getReference(Transaction, transactionId),
    kind,
    sellerId,
    currency,
    reference: facts.reference ?? null,
    createdBy: facts.createdBy ?? null,
    createdAt: now,
    ...change,
  })
  for (const { account, amount } of entries) em.create(LedgerEntry, { posting: stored, account, amount, currency })
  if (change.pending === 0n && change.available === 0n) return
  const balance = await balanceToChange(em, sellerId, currency)
  balance.pending += change.pending
  balance.available += change.available
}

/** A seller's balance of one currency, made where there is none, and locked until the transaction ends. */
export async function balanceToChange(em: EntityManager, sellerId: string, currency: string) {
  const which = { sellerId, currency }
  await em.upsert(SellerBalance, { ...which, pending: 0n, available: 0n }, { onConflictAction: 'ignore' })
  return em.findOneOrFail(SellerBalance, which, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
}
