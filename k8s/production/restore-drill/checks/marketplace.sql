-- What is wrong with the restored database of the marketplace: a row for each problem, none when all is well.
select 'no migration was applied' where not exists (select from mikro_orm_migrations)
union all
select format('the newest event is of %s', coalesce(max(created_at)::text, 'no time')) from outbox
having coalesce(max(created_at), '-infinity') < now() - current_setting('drill.max_age')::interval
union all
select format('%s postings of the ledger do not sum to zero', count(*))
from (select from ledger_entries group by posting_id having sum(amount) <> 0) wrong
having count(*) > 0
union all
select format('%s balances of sellers are not what the ledger says', count(*)) from seller_balances b
where (b.pending, b.available) <> (
  select coalesce(sum(e.amount) filter (where e.account = 'SELLER_PENDING'), 0),
    coalesce(sum(e.amount) filter (where e.account = 'SELLER_AVAILABLE'), 0)
  from ledger_postings p join ledger_entries e on e.posting_id = p.id
  where p.seller_id = b.seller_id and e.currency = b.currency)
having count(*) > 0
