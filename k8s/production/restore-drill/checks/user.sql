-- What is wrong with the restored database of the user service: a row for each problem, none when all is well.
select 'no migration was applied' where not exists (select from mikro_orm_migrations)
union all
select 'there is no user' where not exists (select from users)
union all
select format('the newest event is of %s', coalesce(max(created_at)::text, 'no time')) from outbox
having coalesce(max(created_at), '-infinity') < now() - current_setting('drill.max_age')::interval
union all
select format('%s users have another number of followers than follows say', count(*)) from users u
where followers_count <> (select count(*) from user_follows f where f.following_id = u.id)
having count(*) > 0
union all
select format('%s users have another number of those whom they follow than follows say', count(*)) from users u
where following_count <> (select count(*) from user_follows f where f.follower_id = u.id)
having count(*) > 0
