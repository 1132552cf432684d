import { arrayOf, bpchar, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Posting } from '../ledger.ts'

/** What a seller has in one currency, minor units. */
export type BalanceRow = { currency: string; pending: string; available: string }

/** What a seller has, of each currency by its name. */
export const getBalances = statement('get_balances', { sellerId: uuid })<BalanceRow>(
  (p) => `select currency, pending, available from seller_balances where seller_id = ${p.sellerId} order by currency`,
)

/** What the sales of a period came to, minor units. `start` is when it begins. */
export type RevenueRow = { start: Date; sales_count: number; gross: string; fee: string; refunds: string }

/**
 * What a seller's sales of one currency came to in each of these periods, the oldest first; nothing of those without any. A period ends where the one
 * at the same place of `ends` says. The index `ledger_postings_revenue` has all that is read, and each period is one range of it: grouping by what
 * `date_trunc` says of each posting would sort all of them, and took three times as long for 100,000.
 */
export const getRevenue = statement('get_revenue', {
  sellerId: uuid,
  currency: bpchar,
  starts: arrayOf(timestamptz),
  ends: arrayOf(timestamptz),
})<RevenueRow>(
  (p) => `select period.start, r.*
    from unnest(${p.starts}, ${p.ends}) period (start, until)
    cross join lateral (
      select count(*) filter (where p.kind = 'PURCHASE')::integer as sales_count,
        coalesce(sum(p.fee + p.pending + p.available) filter (where p.kind = 'PURCHASE'), 0) as gross,
        sum(p.fee) as fee,
        coalesce(-sum(p.fee + p.pending + p.available) filter (where p.kind <> 'PURCHASE'), 0) as refunds
      from ledger_postings p
      where p.seller_id = ${p.sellerId} and p.currency = ${p.currency}
        and p.created_at >= period.start and p.created_at < period.until
        and p.kind in ('PURCHASE', 'REFUND', 'REFUND_REVERSED', 'DISPUTE', 'DISPUTE_REVERSED')
        and (p.fee <> 0 or p.pending <> 0 or p.available <> 0)
      having count(*) > 0
    ) r
    order by period.start`,
)

/** A posting as a statement has it: what it adds, minor units. A payout has no transaction, prompt and licence type. */
export type StatementRow = {
  id: string
  created_at: Date
  kind: Posting['kind']
  transaction_id: string | null
  prompt_id: string | null
  license_type: 'PERSONAL' | 'COMMERCIAL' | null
  currency: string
  fee: string
  pending: string
  available: string
}

/** Postings of a page of a statement. */
export const STATEMENT_PAGE = 1000

/**
 * A page of a seller's postings after one of them and before a time, oldest first. One that changes nothing of the seller's is the platform's alone.
 * The page is taken from the index before anything is looked up (with an end there, a plan
 * for any parameters sorts all that follow), and each transaction by its id: a plan that reads the whole table of them may take minutes.
 */
export const listStatement = statement('list_statement', {
  sellerId: uuid,
  afterTime: timestamptz,
  afterId: uuid,
  to: timestamptz,
})<StatementRow>(
  (
    p,
  ) => `select p.id, p.created_at, p.kind, p.transaction_id, t.prompt_id, t.license_type, p.currency, p.fee, p.pending, p.available
    from (
      select id, created_at, kind, transaction_id, currency, fee, pending, available from ledger_postings
      where seller_id = ${p.sellerId} and (created_at, id) > (${p.afterTime}, ${p.afterId})
      order by created_at, id
      limit ${STATEMENT_PAGE}
    ) p
    left join lateral (select prompt_id, license_type from transactions where id = p.transaction_id limit 1) t on true
    where p.created_at < ${p.to}
    order by p.created_at, p.id`,
)
