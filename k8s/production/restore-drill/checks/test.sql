-- What is wrong with the restored database of the test service: a row for each problem, none when all is well.
select 'no migration was applied' where not exists (select from mikro_orm_migrations)
union all
select format('the newest event is of %s', coalesce(max(created_at)::text, 'no time')) from outbox
having coalesce(max(created_at), '-infinity') < now() - current_setting('drill.max_age')::interval
union all
select format('%s comparisons name a test that is not there', count(*)) from comparison_test_ids c
where not exists (select from prompt_tests t where t.id = c.test_id)
having count(*) > 0
