-- What is wrong with the restored database of analytics: a row for each problem, none when all is well.
select 'no migration was applied' where not exists (select from mikro_orm_migrations)
union all
select format('the newest event is of %s', coalesce(max(event_time)::text, 'no time')) from event_ids
having coalesce(max(event_time), '-infinity') < now() - current_setting('drill.max_age')::interval
union all
select 'there is no partition for this month' where to_regclass('prompt_activity_events_' || to_char(now() at time zone 'UTC', 'YYYY_MM')) is null
