/** A number that is not what other rows, or the payment provider, say. Amounts are text, minor units. */
export type Mismatch = { place: string; key: string; stored: string | null; counted: string | null }

/** Runs a statement past the service, on any connection to the database. */
export type Query = (text: string) => Promise<unknown[]>

/**
 * Counts again, in one snapshot: that each posting sums to zero, that balances are the sums of their entries, that the ledger and what its postings have of the seller's says of each transaction what its
 * state says, that licences and numbers of sales fit the transactions, and that nothing is reserved for a purchase that has ended.
 */
export const recount = async (query: Query): Promise<Mismatch[]> => (await query(RECOUNT)) as Mismatch[]

/**
 * Compares the ledger with what the payment provider has moved for each transaction, minor units: negative what buyers have paid, positive what they have back.
 * What is under way is different for a while.
 */
export async function recountPayments(query: Query, moved: ReadonlyMap<string, bigint>): Promise<Mismatch[]> {
  const rows = (await query(EXTERNAL)) as { id: string; external: string }[]
  const stored = new Map(rows.map(({ id, external }) => [id, BigInt(external)]))
  const ids = new Set([...stored.keys(), ...moved.keys()])
  return [...ids]
    .map((key) => ({ key, stored: stored.get(key) ?? 0n, counted: moved.get(key) ?? 0n }))
    .filter(({ stored, counted }) => stored !== counted)
    .map(({ key, stored, counted }) => ({ place: 'payments', key, stored: String(stored), counted: String(counted) }))
}

const EXTERNAL = `
  select p.transaction_id as id, sum(e.amount)::text as external
  from ledger_postings p join ledger_entries e on e.posting_id = p.id
  where e.account = 'EXTERNAL' and p.transaction_id is not null
  group by 1`

const RECOUNT = `
  with entries as (
    select p.transaction_id, p.seller_id, p.currency, e.account, e.amount
    from ledger_entries e join ledger_postings p on p.id = e.posting_id
  ),
  balances as (
    select seller_id, currency, coalesce(sum(amount) filter (where account = 'SELLER_PENDING'), 0) as pending,
      coalesce(sum(amount) filter (where account = 'SELLER_AVAILABLE'), 0) as available
    from entries group by 1, 2
  ),
  accounts as (
    select transaction_id as id, account, sum(amount) as amount from entries where transaction_id is not null group by 1, 2
  ),
  states as (
    select id, (amount * 100)::bigint as amount, (fee * 100)::bigint as fee, released_at is not null as released,
      status = 'COMPLETED' as paid, coalesce(refund_state, '') as refund, coalesce(dispute_state in ('OPEN', 'LOST'), false) as withdrawn
    from transactions
  ),
  sales as (
    select *, paid and not withdrawn and refund not in ('REQUESTED', 'DONE') as sold from states
  ),
  expected as (
    select s.id, a.account, a.amount
    from sales s, lateral (values
      ('EXTERNAL', amount * (withdrawn::int + (refund = 'DONE')::int - paid::int)),
      ('SELLER_PENDING', case when sold and not released then amount - fee else 0 end),
      ('SELLER_AVAILABLE', case when sold and released then amount - fee else 0 end),
      ('FEE', case when sold then fee when withdrawn and refund in ('REQUESTED', 'DONE') then -amount else 0 end),
      ('REFUND_CLEARING', case when refund = 'REQUESTED' then amount else 0 end)
    ) a (account, amount)
  )
  select 'ledger_postings' as place, p.id::text as key, sum(e.amount)::text as stored, '0' as counted
  from ledger_postings p join ledger_entries e on e.posting_id = p.id
  group by p.id having sum(e.amount) <> 0
  union all
  select 'seller_balances', concat_ws(' ', seller_id, currency), concat_ws(' ', s.pending, s.available), concat_ws(' ', b.pending, b.available)
  from seller_balances s full join balances b using (seller_id, currency)
  where coalesce(s.pending, 0) <> coalesce(b.pending, 0) or coalesce(s.available, 0) <> coalesce(b.available, 0)
  union all
  select 'ledger_entries', concat_ws(' ', id, account), a.amount::text, e.amount::text
  from accounts a full join expected e using (id, account)
  where coalesce(a.amount, 0) <> coalesce(e.amount, 0)
  union all
  select 'ledger_postings of a sale', s.id::text, concat_ws(' ', sum(p.fee), sum(p.pending), sum(p.available)),
    concat_ws(' ', e.fee, e.pending, e.available)
  from sales s join ledger_postings p on p.transaction_id = s.id,
    lateral (select case when s.sold then s.fee else 0 end as fee,
      case when s.sold and not s.released then s.amount - s.fee else 0 end as pending,
      case when s.sold and s.released then s.amount - s.fee else 0 end as available) e
  group by s.id, e.fee, e.pending, e.available
  having (sum(p.fee), sum(p.pending), sum(p.available)) <> (e.fee, e.pending, e.available)
  union all
  select 'licenses', t.id::text, count(i.id)::text, (t.status = 'COMPLETED')::int::text
  from transactions t left join licenses i on i.transaction_id = t.id
  group by t.id having count(i.id) <> (t.status = 'COMPLETED')::int
  union all
  select 'licenses of money that was given back', i.id::text, 'active', 'inactive'
  from licenses i join transactions t on t.id = i.transaction_id
  where i.is_active and (t.refund_state is not null or t.dispute_state in ('OPEN', 'LOST'))
  union all
  select 'sales_count', l.id::text, l.sales_count::text, count(t.id)::text
  from prompt_listings l left join transactions t
    on t.listing_id = l.id and t.status = 'COMPLETED' and t.dispute_state is distinct from 'LOST'
      and (t.refund_state is null or t.refund_state = 'FAILED')
  group by l.id having l.sales_count <> count(t.id)
  union all
  select 'reserved_tx', l.id::text, t.status, 'PENDING'
  from prompt_listings l join transactions t on t.id = l.reserved_tx
  where t.status <> 'PENDING'`
