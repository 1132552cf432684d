import { countOf } from './amounts.ts'
import { makeFollows, type Maker, somewhen } from './made.ts'

/** Fills the database of the user service. All have one password, of which this is the hash. */
export async function fillUser(maker: Maker, passwordHash: string): Promise<void> {
  const { run, scale } = maker
  await makeFollows(maker)
  await run(
    `insert into users (id, username, email, password, first_name, last_name, bio, created_at, followers_count, following_count, follows_revision)
    select p.id, p.username, p.username || '@scale.test', $1, initcap(f.word), initcap(l.word), pg_temp.prose(p.n, 21, 1), pg_temp.at(p.ms),
      coalesce(t.count, 0), coalesce(b.count, 0), coalesce(b.count, 0)
    from people p
    join words f on f.n = pg_temp.pick(p.n, 22, 8000, 1) join words l on l.n = pg_temp.pick(p.n, 23, 8000, 1)
    left join (select following_id as id, count(*) from pairs group by 1) t using (id)
    left join (select follower_id as id, count(*) from pairs group by 1) b using (id)
    order by p.n`,
    [passwordHash],
  )
  await run(`
    insert into user_follows (id, follower_id, following_id, created_at)
    select pg_temp.id(11, n, ms), follower_id, following_id, pg_temp.at(ms) from pairs order by ms`)
  await run(`
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    select pg_temp.id(12, i, t.ms), pg_temp.id(13, i, t.ms), p.id, sha256(('refresh ' || i)::bytea), pg_temp.at(t.ms), now() + interval '20 days'
    from generate_series(1, ${countOf('sessions', scale.users)}) i
    cross join lateral (select ${somewhen(scale, 'i', 24)} as ms) t
    join people p on p.n = 1 + i % ${scale.users}
    order by t.ms`)
  await run(`
    insert into api_keys (id, user_id, name, prefix, hash, scopes, created_at, last_used_at)
    select pg_temp.id(14, i, t.ms), p.id, 'Program ' || i, 'pf_' || lpad(to_hex(i), 8, '0'), sha256(('key ' || i)::bytea), '{prompts:read,tests:run}',
      pg_temp.at(t.ms), pg_temp.at(t.ms)
    from generate_series(1, ${countOf('apiKeys', scale.users)}) i
    cross join lateral (select ${somewhen(scale, 'i', 25)} as ms) t
    join people p on p.n = 1 + (i * 5) % ${scale.users}
    order by t.ms`)
}
