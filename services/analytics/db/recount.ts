/** A number that is not what the events say; `counted` is what they say, null for nothing. */
export type Mismatch = { place: string; key: string; stored: string | null; counted: string | null }

/** Runs a statement past the service, on any connection to the database. */
export type Query = (text: string) => Promise<Mismatch[]>

/**
 * Counts all events again and compares that with the rollups, the sales, the totals and what is known of prompts; all in one snapshot, so that
 * it may run at any time. Answers with what differs: nothing, if all is well. What was counted before the oldest month that has not
 * been detached is left out, and so is what `resync` told of a prompt, which no event says.
 */
export const recount = (query: Query): Promise<Mismatch[]> => query(RECOUNT)

// The events' own numbers beside the stored ones; rows that have no event are right only where events have been detached.
const RECOUNT = `
  with oldest as materialized (
    select min(to_date(right(c.relname, 7), 'YYYY_MM')) as day
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'prompt_activity_events'::regclass and c.relname not like '%_default'
  ),
  events as materialized (
    select prompt_id, null::uuid as user_id, event_type, event_time, properties, event_id from prompt_activity_events
    union all
    select null, user_id, event_type, event_time, null, event_id from user_activity_events
  ),
  daily as (
    select coalesce(prompt_id, user_id) as id, prompt_id is not null as is_prompt, (event_time at time zone 'UTC')::date as day,
      event_type, count(*)
    from events group by 1, 2, 3, 4
  ),
  stored_daily as (
    select prompt_id as id, true as is_prompt, day, event_type, count from prompt_daily
    union all
    select user_id, false, day, event_type, count from user_daily
  ),
  hourly as (
    select date_trunc('hour', event_time, 'UTC') as hour, event_type, count(*) from events group by 1, 2
  ),
  latest as (
    select distinct on (prompt_id) prompt_id, properties ->> 'ownerId' as owner_id, (properties ->> 'revision')::bigint as revision,
      (properties ->> 'visible')::boolean as visible
    from events where properties ? 'revision'
    order by prompt_id, (properties ->> 'revision')::bigint desc
  ),
  deleted as (
    select distinct prompt_id from events where event_type = 'prompt.deleted'
  ),
  facts as (
    select latest.prompt_id, owner_id, revision, visible and deleted.prompt_id is null as visible,
      deleted.prompt_id is not null as deleted
    from latest left join deleted using (prompt_id)
  ),
  sold as (
    select (properties ->> 'sellerId')::uuid as seller_id, (properties ->> 'promptId')::uuid as prompt_id,
      date_trunc('hour', event_time, 'UTC') as hour, properties ->> 'currency' as currency,
      (event_type = 'purchase.completed')::integer as sold,
      case event_type when 'purchase.refunded' then 1 when 'purchase.restored' then -1 else 0 end as refunded,
      (properties ->> 'amountCents')::bigint as amount, (properties ->> 'feeCents')::bigint as fee
    from user_activity_events where event_type in ('purchase.completed', 'purchase.refunded', 'purchase.restored')
  ),
  sales as (
    select seller_id, prompt_id, hour, currency,
      concat_ws(' ', sum(sold), sum(refunded), sum((sold - refunded) * amount), sum((sold - refunded) * fee)) as numbers
    from sold group by 1, 2, 3, 4
  ),
  stored_sales as (
    select seller_id, prompt_id, hour, currency, concat_ws(' ', sales, refunds, amount_cents, fee_cents) as numbers from sales_hourly
  )
  select case when is_prompt then 'prompt_daily' else 'user_daily' end as place, concat_ws(' ', id, day, event_type) as key,
    s.count::text as stored, d.count::text as counted
  from daily d full join stored_daily s using (id, is_prompt, day, event_type)
  where d.count is distinct from s.count and (d.count is not null or day >= (select day from oldest))
  union all
  select 'platform_hourly', concat_ws(' ', hour, event_type), s.count::text, h.count::text
  from hourly h full join platform_hourly s using (hour, event_type)
  where h.count is distinct from s.count and (h.count is not null or hour >= (select day at time zone 'UTC' from oldest))
  union all
  select 'platform_totals', event_type, s.count::text, h.count::text
  from (select event_type, sum(count) as count from platform_hourly group by 1) h
  full join platform_totals s using (event_type)
  where h.count is distinct from s.count
  union all
  select 'sales_hourly', concat_ws(' ', seller_id, prompt_id, hour, currency), s.numbers, c.numbers
  from sales c full join stored_sales s using (seller_id, prompt_id, hour, currency)
  where c.numbers is distinct from s.numbers
    and (c.numbers is not null or hour >= (select day at time zone 'UTC' from oldest))
  union all
  select 'prompt_facts', prompt_id::text, s::text, f::text
  from facts f full join prompt_facts s using (prompt_id)
  where (s.owner_id::text, s.revision, s.visible, s.deleted) is distinct from (f.owner_id, f.revision, f.visible, f.deleted)
    and not coalesce(s.resynced and s.revision > coalesce(f.revision, 0), false)
    and (f.revision >= coalesce(s.revision, 0)
      or not exists (select from platform_hourly where hour < (select day at time zone 'UTC' from oldest)))`
