import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { sqlIn } from '#chassis/db/sql-in.ts'
import { newId } from '#chassis/ids.ts'
import { SellerBalance } from '../db/ledger.entity.ts'
import { insertBalance, insertPosting } from '../db/store-posting.ts'
import type { Posting } from '../ledger.ts'

/** Whose money it is, who made the posting, and for a payout its reference. */
type Facts = { sellerId: string; currency: string; createdBy?: string; reference?: string }

/** Stores a posting in the ledger, and what it changes in the seller's balance, which is locked until the transaction ends. */
export async function storePosting(em: EntityManager, posting: Posting, facts: Facts, now: Date): Promise<void> {
  const { kind, transactionId, entries, change } = posting
  const { sellerId, currency, createdBy = null, reference = null } = facts
  const { pending, available } = change
  const sql = sqlIn(em)
  const seller = { sellerId, currency }
  const [stored] = await sql(insertPosting, {
    ...seller,
    ...change,
    id: newId(),
    transactionId,
    kind,
    reference,
    createdBy,
    createdAt: now,
    accounts: entries.map(({ account }) => account),
    amounts: entries.map(({ amount }) => amount),
  })
  const isMissing = stored!.balances === 0 && (pending !== 0n || available !== 0n)
  if (isMissing) await sql(insertBalance, { ...seller, pending, available })
}

/** A seller's balance of one currency, made where there is none, and locked until the transaction ends. A posting that is stored later does not change this entity. */
export async function balanceToChange(em: EntityManager, sellerId: string, currency: string) {
  const which = { sellerId, currency }
  await em.upsert(SellerBalance, { ...which, pending: 0n, available: 0n }, { onConflictAction: 'ignore' })
  return em.findOneOrFail(SellerBalance, which, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
}
