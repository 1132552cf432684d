import { openDatabase } from '#chassis/db/orm.ts'
import { createLogger } from '#chassis/logger.ts'
import { rebuildRollups } from '../../services/analytics/db/rebuild-rollups.ts'
import { schema } from '../../services/analytics/db/schema.ts'
import { countOf } from './amounts.ts'
import { makeFollows, makePrompts, type Maker, makeSales, makeSocial, periodOf, somewhen } from './made.ts'

/** Fills the database of analytics with the events of all that the other databases have, and with sign-ins and views. */
export async function fillAnalytics(maker: Maker, url: string, categories: readonly string[]): Promise<void> {
  const { run, scale } = maker
  await makePrompts(maker, categories)
  await makeFollows(maker)
  await makeSales(maker)
  await makeSocial(maker)
  const { from, to } = periodOf(scale)
  await run(
    `select make_event_partitions(m::date) from generate_series(date_trunc('month', $1::timestamptz, 'UTC') at time zone 'UTC',
      date_trunc('month', $2::timestamptz, 'UTC') at time zone 'UTC', interval '1 month') m`,
    [from, to],
  )
  await run(userEvents(scale))
  await run(promptEvents(scale))
  for (const text of FACTS) await run(text)
  await run('analyze')
  await using database = await openRebuilt(url)
  await rebuildRollups(database)
}

async function openRebuilt(url: string) {
  const database = await openDatabase(schema, { url, poolSize: 1 }, createLogger('scale', 'silent'))
  return { maintain: database.maintain, [Symbol.asyncDispose]: () => database.close() }
}

type Scale = Maker['scale']

const userEvents = (scale: Scale) => `
  insert into user_activity_events (event_id, user_id, username, email, event_type, event_time, created_at, properties)
  select pg_temp.id(50 + kind, n, ms), user_id, username, email, event_type, pg_temp.at(ms), pg_temp.at(ms), properties
  from (
    select 1 as kind, n, id as user_id, username, username || '@scale.test' as email, 'user.registered' as event_type, ms, '{}'::jsonb as properties
    from people
    union all
    select 2, i, p.id, p.username, null, 'user.signed_in', ${somewhen(scale, 'i', 401)}, '{"method": "PASSWORD"}'
    from generate_series(1, ${countOf('signIns', scale.users)}) i join people p on p.n = pg_temp.pick(i, 402, ${scale.users}, 1.5)
    union all
    select 3, n, follower_id, null, null, 'user.followed', ms, jsonb_build_object('followedId', following_id) from pairs
    union all
    select 4 + k, i, m.user_id, m.username, null, (array['test.requested', 'test.completed'])[k + 1], ${somewhen(scale, 'i', 403)} + k * 2000,
      jsonb_build_object('testId', pg_temp.id(42, i, ${somewhen(scale, 'i', 301)}), 'promptId', m.id, 'modelProvider', 'sandbox', 'modelName', 'scale')
    from generate_series(1, ${countOf('tests', scale.users)}) i
    join made m on m.n = pg_temp.pick(i, 303, ${countOf('prompts', scale.users)}, 1.5)
    cross join generate_series(0, 1) k
    union all
    select 6, n, buyer_id, buyer_name, null, 'purchase.completed', ms, jsonb_build_object('transactionId', id, 'listingId', listing_id,
      'promptId', prompt_id, 'sellerId', seller_id, 'licenseType', 'PERSONAL', 'amountCents', (amount * 100)::bigint, 'feeCents', (fee * 100)::bigint,
      'currency', 'USD')
    from bought where is_paid
  ) e
  order by ms`

// The event of a prompt's last change says at which revision it is.
const factsAt = (revision: string) =>
  `jsonb_build_object('ownerId', user_id, 'visible', is_listed, 'revision', ${revision})`

const promptEvents = (scale: Scale) => `
  insert into prompt_activity_events (event_id, prompt_id, title, user_id, username, category, event_type, event_time, created_at, viewer_hash,
    properties)
  select pg_temp.id(60 + kind, n, ms), prompt_id, title, user_id, username, category, event_type, pg_temp.at(ms), pg_temp.at(ms), viewer_hash, properties
  from (
    select 1 as kind, n, id as prompt_id, case when is_listed then title end as title, user_id, username, case when is_listed then category end as category,
      'prompt.created' as event_type, ms, null::text as viewer_hash, ${factsAt('1')} as properties
    from made
    union all
    select 2, n * 100 + v, id, case when is_listed then title end, user_id, username, case when is_listed then category end, 'prompt.updated',
      ms + v * 3600000, null, ${factsAt('v')}
    from made cross join lateral generate_series(2, version) v
    union all
    select 3, n * 100 + v, id, case when is_listed then title end, user_id, username, case when is_listed then category end, 'version.created',
      ms + v * 3600000 + 20, null, jsonb_build_object('version', v)
    from made cross join lateral generate_series(1, version) v
    union all
    select 4, l.n, prompt_id, title, l.user_id, l.username, category, 'prompt.liked', l.ms, null, null from liked l join made m on m.n = l.prompt_n
    union all
    select 5, r.n, prompt_id, title, r.user_id, r.username, category, 'prompt.rated', r.ms, null,
      jsonb_build_object('rating', pg_temp.pick(r.n, 105, 5, 0.5))
    from rated r join made m on m.n = r.prompt_n
    union all
    select 6, c.n, prompt_id, title, c.user_id, c.username, category, 'prompt.commented', c.ms, null, null from said c join made m on m.n = c.prompt_n
    union all
    select 7, i, m.id, title, case when i % 2 = 0 then p.id end, case when i % 2 = 0 then p.username end, category, 'prompt.viewed',
      ${somewhen(scale, 'i', 411)}, case when i % 2 = 1 then md5((i % ${scale.users})::text) end, null
    from generate_series(1, ${countOf('views', scale.users)}) i
    join made m on m.n = pg_temp.pick(i, 412, ${countOf('prompts', scale.users)}, 2.5) and m.is_listed
    join people p on p.n = pg_temp.pick(i, 413, ${scale.users}, 2)
  ) e
  order by ms`

const FACTS = [
  `insert into prompt_facts (prompt_id, owner_id, visible, deleted, revision, title, category)
  select id, user_id, is_listed, false, version, case when is_listed then title end, case when is_listed then category end from made order by n`,
  'insert into user_facts (user_id, username, revision) select id, username, 1 from people order by n',
  `insert into counted_once (about, event)
  select user_id, event_type from user_activity_events where event_type = 'user.registered'
  union all
  select prompt_id, event_type from prompt_activity_events where event_type = 'prompt.created'
  union all
  select prompt_id, event_type || ' ' || (properties ->> 'version') from prompt_activity_events where event_type = 'version.created'`,
  // By these an event is known that comes again.
  `insert into event_ids (event_id, event_time)
  select event_id, event_time from (
    select event_id, event_time from user_activity_events union all select event_id, event_time from prompt_activity_events
  ) e where event_time > now() - interval '45 days' order by event_time`,
]
