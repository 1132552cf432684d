import { arrayOf, bigint, nullable, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/**
 * Stores a posting with its entries, and adds what it changes to the seller's balance, which is locked until the transaction ends. `balances` is 0 when
 * there is no such balance, or nothing of it changes: then nothing is added.
 */
export const insertPosting = statement('insert_posting', {
  id: uuid,
  transactionId: nullable(uuid),
  kind: text,
  sellerId: uuid,
  currency: text,
  reference: nullable(text),
  createdBy: nullable(uuid),
  createdAt: timestamptz,
  fee: bigint,
  pending: bigint,
  available: bigint,
  accounts: arrayOf(text),
  amounts: arrayOf(bigint),
})<{ balances: number }>(
  (p) => `with posted as (
      insert into ledger_postings (id, transaction_id, kind, seller_id, currency, reference, created_by, created_at, fee, pending, available)
      values (${p.id}, ${p.transactionId}, ${p.kind}, ${p.sellerId}, ${p.currency}, ${p.reference}, ${p.createdBy}, ${p.createdAt},
        ${p.fee}, ${p.pending}, ${p.available})
    ),
    entered as (
      insert into ledger_entries (posting_id, account, amount, currency)
      select ${p.id}, account, amount, ${p.currency} from unnest(${p.accounts}, ${p.amounts}) e (account, amount)
    ),
    added as (
      update seller_balances set pending = pending + ${p.pending}, available = available + ${p.available}
      where seller_id = ${p.sellerId} and currency = ${p.currency} and (${p.pending} <> 0 or ${p.available} <> 0)
      returning 1
    )
    select count(*)::integer as balances from added`,
)

/** Makes the balance of a seller who has none, or adds to the one that somebody else has just made. */
export const insertBalance = statement('insert_balance', {
  sellerId: uuid,
  currency: text,
  pending: bigint,
  available: bigint,
})<object>(
  (p) => `insert into seller_balances as b (seller_id, currency, pending, available)
    values (${p.sellerId}, ${p.currency}, ${p.pending}, ${p.available})
    on conflict (seller_id, currency) do update set pending = b.pending + excluded.pending, available = b.available + excluded.available`,
)
