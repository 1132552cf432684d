import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { jobCause } from '#chassis/cause.ts'
import type { TestDatabase } from '#chassis/testing/database.ts'
import { PromptListing } from '../db/prompt-listing.entity.ts'
import { Transaction } from '../db/transaction.entity.ts'
import { amountText } from '../money.ts'
import { storePosting } from '../sales/store-posting.ts'
import { applyChanges, rulesOf, transactionToChange } from '../sales/transaction-to-change.ts'
import { complete, type Decision, type Transaction as Rules } from '../transaction.ts'
import type { Marketplace, Person } from './harness.ts'

/** Applies a rule to a stored transaction, as the service does: what it changes and posts, at this time. */
export const move = (
  market: Marketplace,
  id: string,
  rule: (tx: Rules, now: Date) => Decision,
  at = new Date(),
): Promise<void> =>
  market.service.context.database.transaction(jobCause('move'), async (em) => {
    const tx = await transactionToChange(em, id)
    const decision = rule(rulesOf(tx), at)
    if (decision.refusal) throw new Error(decision.refusal.message)
    applyChanges(tx, { ...decision.changes })
    if (decision.posting) await storePosting(em, decision.posting, tx, at)
  })

/** Stores a sale that was paid at this time, without a payment provider; answers with the transaction. Default: 19.99 USD, of which 4.00 are the fee. */
export async function sellAt(
  market: Marketplace,
  seller: Person,
  at: Date,
  { amount = 1999n, fee = 400n, currency = 'USD' } = {},
): Promise<string> {
  const { listingId } = await market.list(seller)
  const id = v7()
  await market.service.context.database.transaction(jobCause('sell'), async (em) => {
    const listing = await em.findOneOrFail(PromptListing, listingId)
    em.create(Transaction, {
      id,
      listing,
      currency,
      buyerId: v7(),
      sellerId: seller.userId,
      amount: amountText(amount),
      fee: amountText(fee),
      feeBps: 2000,
      status: 'PENDING',
      createdAt: at,
      promptId: listing.promptId,
      licenseType: 'PERSONAL',
      minVersion: 1,
      requestId: randomUUID(),
      provider: 'stripe',
    })
  })
  await move(market, id, complete, at)
  return id
}

/**
 * Stores so many sales of one seller past the service, all at the same time, paid and released: 19.99 USD, of which 4.00 are the fee. It takes a
 * second for 20,000, because the check that postings sum to zero is off meanwhile.
 */
export async function fillSales({ query }: TestDatabase, sellerId: string, count: number, at: string): Promise<void> {
  await query(`
    create temp table sold as
      select gen_random_uuid() as id, gen_random_uuid() as purchase, gen_random_uuid() as release from generate_series(1, ${count});
    insert into prompt_listings (id, prompt_id, prompt_version, seller_id, title, price, currency, exclusive, includes_updates, status,
      sales_count, created_at, min_version, samples, search, revision)
    values ('${sellerId}'::uuid, '${sellerId}'::uuid, 1, '${sellerId}'::uuid, 'A prompt', 19.99, 'USD', false, false, 'ACTIVE', 0, now(), 1, '[]', '', 1);
    insert into transactions (id, listing_id, buyer_id, seller_id, amount, status, created_at, completed_at, released_at, prompt_id, license_type,
      min_version, currency, fee, fee_bps, request_id, provider)
    select id, '${sellerId}'::uuid, id, '${sellerId}'::uuid, 19.99, 'COMPLETED', '${at}'::timestamptz, '${at}'::timestamptz, '${at}'::timestamptz, '${sellerId}'::uuid, 'PERSONAL', 1, 'USD', 4, 2000, id, 'stripe'
    from sold;
    alter table ledger_postings disable trigger ledger_postings_share;
    insert into ledger_postings (id, transaction_id, kind, seller_id, currency, created_at, fee, pending, available)
    select purchase, id, 'PURCHASE', '${sellerId}'::uuid, 'USD', '${at}'::timestamptz, 400, 1599, 0 from sold
    union all select release, id, 'RELEASE', '${sellerId}'::uuid, 'USD', '${at}'::timestamptz, 0, -1599, 1599 from sold;
    alter table ledger_postings enable trigger ledger_postings_share;
    alter table ledger_entries disable trigger ledger_entries_sum;
    insert into ledger_entries (posting_id, account, amount, currency)
    select purchase, account, amount, 'USD' from sold,
      (values ('EXTERNAL', -1999), ('SELLER_PENDING', 1599), ('FEE', 400)) e (account, amount)
    union all
    select release, account, amount, 'USD' from sold, (values ('SELLER_PENDING', -1599), ('SELLER_AVAILABLE', 1599)) e (account, amount);
    alter table ledger_entries enable trigger ledger_entries_sum;
    insert into seller_balances (seller_id, currency, available) values ('${sellerId}'::uuid, 'USD', 1599 * ${count});
    drop table sold;`)
}
