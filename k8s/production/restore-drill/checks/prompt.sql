-- What is wrong with the restored database of the prompt service: a row for each problem, none when all is well.
select 'no migration was applied' where not exists (select from mikro_orm_migrations)
union all
select 'there is no prompt' where not exists (select from prompts)
union all
select format('the newest event is of %s', coalesce(max(created_at)::text, 'no time')) from outbox
having coalesce(max(created_at), '-infinity') < now() - current_setting('drill.max_age')::interval
union all
select format('%s prompts have another number of likes than there are', count(*)) from prompts p
where likes_count <> (select count(*) from prompt_likes l where l.prompt_id = p.id)
having count(*) > 0
union all
select format('%s prompts have another number of ratings than there are', count(*)) from prompts p
where ratings_count <> (select count(*) from prompt_ratings r where r.prompt_id = p.id)
having count(*) > 0
