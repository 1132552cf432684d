import { integer } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** A seller's balance that is not the sum of its entries, or whose entries do not sum to zero with those of the platform. `count` is how many there are. */
export type WrongBalanceRow = { seller_id: string; currency: string; count: number }

/** Counts the whole ledger again, and answers with some of the balances that are wrong. Each posting is of one seller and one currency. */
export const listWrongBalances = statement('list_wrong_balances', { limit: integer })<WrongBalanceRow>(
  (p) => `with counted as (
      select p.seller_id, p.currency, sum(e.amount) as total,
        sum(e.amount) filter (where e.account = 'SELLER_PENDING') as pending,
        sum(e.amount) filter (where e.account = 'SELLER_AVAILABLE') as available
      from ledger_entries e join ledger_postings p on p.id = e.posting_id
      group by 1, 2
    )
    select seller_id, currency, count(*) over ()::integer as count
    from counted c full join seller_balances b using (seller_id, currency)
    where coalesce(c.total, 0) <> 0 or coalesce(c.pending, 0) <> coalesce(b.pending, 0)
      or coalesce(c.available, 0) <> coalesce(b.available, 0)
    limit ${p.limit}`,
)
