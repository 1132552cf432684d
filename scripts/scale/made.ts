import { Client, type QueryResultRow } from 'pg'
import { countOf } from './amounts.ts'
import { makeSentences, makeWords } from './words.ts'

const DAY = 86_400_000

/** Everything is older: what is younger must have its event in an outbox, of which the generator fills none. */
const NEWEST_DAYS = 8

/** How long ago the first user registered, and the first prompt was written. */
const OLDEST_DAYS = 220
const FIRST_PROMPT_DAYS = 190

/** By which two runs make the same. */
const SEED = 15

/** For how many users a site is filled, and when: at the beginning of a day, so that the same is made all day. */
export type Scale = { users: number; now: number }

/** As it is now. */
export const scaleOf = (users: number): Scale => ({ users, now: Math.floor(Date.now() / DAY) * DAY })

/** A connection on which temporary tables say what is to be made. Each is the same in every database. */
export type Maker = AsyncDisposable & {
  scale: Scale
  run<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
}

/** Opens one. Nothing that a statement names in `pg_temp` outlives it. */
export async function openMaker(url: string, scale: Scale): Promise<Maker> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const run: Maker['run'] = async <Row extends QueryResultRow>(text: string, values?: unknown[]) =>
    (await client.query<Row>(text, values)).rows
  const maker = { scale, run, [Symbol.asyncDispose]: () => client.end() }
  try {
    const words = makeWords(SEED)
    await run("set jit = off; set work_mem = '256MB'; set maintenance_work_mem = '256MB'; set synchronous_commit = off")
    await run('create temp table words (n integer primary key, word text)')
    await run('create temp table sentences (n integer primary key, sentence text)')
    await run('insert into words select n, w from unnest($1::text[]) with ordinality t (w, n)', [words])
    await run('insert into sentences select n, s from unnest($1::text[]) with ordinality t (s, n)', [
      makeSentences(SEED, words),
    ])
    await run(FUNCTIONS)
    await run(peopleOf(scale))
    return maker
  } catch (error) {
    await client.end()
    throw error
  }
}

// `u` is a number from 0 to 1 that depends on its arguments alone; `pick` one of 1 to `many`, the first of them most often: the higher the
// exponent, the longer the tail. `id` is an id of version 7, `size` a number of sentences, log-normal about a kilobyte, 32 at the most.
const FUNCTIONS = `
  create function pg_temp.u(n bigint, salt bigint) returns float8 language sql immutable parallel safe as
    $$ select (hashint8extended(n, salt) & 4503599627370495)::float8 / 4503599627370496 $$;
  create function pg_temp.pick(n bigint, salt bigint, many bigint, exponent float8) returns integer language sql immutable parallel safe as
    $$ select 1 + floor(many * power(pg_temp.u(n, salt), exponent))::integer $$;
  create function pg_temp.id(kind integer, n bigint, ms bigint) returns uuid language sql immutable parallel safe as
    $$ select (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000' || lpad(to_hex(n), 12, '0'))::uuid $$;
  create function pg_temp.size(n bigint, salt bigint) returns integer language sql immutable parallel safe as
    $$ select greatest(1, least(400, round(exp(ln(12.5) + 0.9 * sqrt(-2 * ln(1 - pg_temp.u(n, salt))) * cos(2 * pi() * pg_temp.u(n, salt + 1))))))::integer $$;
  create function pg_temp.prose(n bigint, salt bigint, size integer) returns text language sql stable
    set enable_hashjoin = off set enable_mergejoin = off as
    $$ select left(string_agg(s.sentence, ' ' order by i), 32000)
      from generate_series(1, size) i join sentences s on s.n = pg_temp.pick($1 * 1000 + i, $2, 4096, 1) $$;
  create function pg_temp.title(n bigint) returns text language sql stable set enable_hashjoin = off set enable_mergejoin = off as
    $$ select string_agg(w.word, ' ' order by i) || ' ' || $1
      from generate_series(1, 4) i join words w on w.n = pg_temp.pick($1 * 10 + i, 1, 8000, 3) $$;
  create function pg_temp.at(ms bigint) returns timestamptz language sql immutable parallel safe as $$ select to_timestamp(ms / 1000.0) $$`

const start = ({ now }: Scale, days: number) => now - days * DAY

/** SQL of a time, milliseconds, somewhere in the time in which things are made. */
export const somewhen = (scale: Scale, n: string, salt: number): string =>
  `(${start(scale, FIRST_PROMPT_DAYS)} + pg_temp.u(${n}, ${salt}) * ${(FIRST_PROMPT_DAYS - NEWEST_DAYS) * DAY})::bigint`

/** The first and the last time in which anything is made. */
export const periodOf = ({ now }: Scale) => ({ from: new Date(now - OLDEST_DAYS * DAY), to: new Date(now) })

const peopleOf = (scale: Scale) => `
  create temp table people as
  select n, pg_temp.id(1, n, ms) as id, 'user' || n as username, ms
  from generate_series(1, ${scale.users}) n
  cross join lateral (
    select ${start(scale, OLDEST_DAYS)} + n::bigint * ${(OLDEST_DAYS - FIRST_PROMPT_DAYS) * DAY} / ${scale.users} as ms
  ) t;
  alter table people add primary key (n); analyze people`

/** `follows`: who follows whom. Most follow few, and few are followed by very many. */
export const makeFollows = ({ run, scale }: Maker) =>
  run(`
    create temp table pairs as
    select row_number() over (order by i) as n, f.id as follower_id, t.id as following_id, f.n as follower_n, ${somewhen(scale, 'i', 33)} as ms
    from (
      select follower, followed, min(i) as i
      from (
        select i, pg_temp.pick(i, 31, ${scale.users}, 2) as follower, pg_temp.pick(i, 32, ${scale.users}, 2.5) as followed
        from generate_series(1, ${countOf('follows', scale.users)}) i
      ) drawn
      where follower <> followed group by 1, 2
    ) d join people f on f.n = d.follower join people t on t.n = d.followed;
    analyze pairs`)

/** The categories of a new database, in the order of their names, of which the first have most prompts. */
const CATEGORIES = 'select array_agg(name order by name) as names from unnest($1::text[]) name'

/** `made`: the prompts without their texts. Of ten, eight are listed, one is private, and one is a draft or archived. Some users write very many. */
export async function makePrompts({ run, scale }: Maker, categories: readonly string[]): Promise<void> {
  const count = countOf('prompts', scale.users)
  const span = (FIRST_PROMPT_DAYS - NEWEST_DAYS - 1) * DAY
  await run(
    `create temp table made as
    select g.n, pg_temp.id(2, g.n, t.ms) as id, o.id as user_id, o.username, o.n as owner_n, pg_temp.title(g.n) as title,
      c.names[pg_temp.pick(g.n, 12, cardinality(c.names), 1.5)] as category,
      1 + least(19, floor(-1.5 * ln(1 - pg_temp.u(g.n, 13))))::integer as version,
      t.ms, state < 0.8 or state >= 0.9 as is_public, state < 0.8 as is_listed,
      case when state < 0.9 then 'PUBLISHED' when state < 0.95 then 'DRAFT' else 'ARCHIVED' end as status
    from generate_series(1, ${count}) g (n)
    cross join lateral (
      select ${start(scale, FIRST_PROMPT_DAYS)} + g.n::bigint * ${span} / ${count} as ms, pg_temp.u(g.n, 14) as state,
        pg_temp.pick(g.n, 11, ${scale.users}, 2) as owner
    ) t
    join people o on o.n = t.owner
    cross join (${CATEGORIES}) c`,
    [categories],
  )
  await run('alter table made add primary key (n)')
  await run('analyze made')
}

/** `offers` and `bought`: one prompt in ten is for sale, and few are bought by many. Needs `made`. */
export const makeSales = ({ run, scale }: Maker) =>
  run(`
    create temp table offers as
    select n / 10 as n, pg_temp.id(3, n, ms + 3600000) as id, id as prompt_id, user_id, owner_n, title, category, version, ms + 3600000 as ms,
      (1 + floor(50 * pg_temp.u(n, 51)))::numeric - 0.01 as price, n % 20 = 0 as includes_updates,
      case when pg_temp.u(n, 52) < 0.9 then 'ACTIVE' else 'REMOVED' end as status
    from made where n % 10 = 0;
    alter table offers add primary key (n); analyze offers;
    create temp table bought as
    select row_number() over (order by i) as n, pg_temp.id(4, i, t.ms) as id, pg_temp.id(5, i, t.ms) as license_id, o.id as listing_id, o.prompt_id,
      o.user_id as seller_id, b.id as buyer_id, b.username as buyer_name, o.price as amount, round(o.price * 0.2, 2) as fee, o.version,
      case when not o.includes_updates then o.version end as max_version, t.ms, pg_temp.u(i, 63) >= 0.05 as is_paid
    from (
      select listing, buyer, min(i) as i
      from (
        select i, pg_temp.pick(i, 61, (select count(*) from offers), 2.5) as listing, pg_temp.pick(i, 62, ${scale.users}, 2) as buyer
        from generate_series(1, ${countOf('sales', scale.users)}) i
      ) drawn group by 1, 2
    ) d
    join offers o on o.n = d.listing join people b on b.n = d.buyer
    cross join lateral (
      select (o.ms + pg_temp.u(i, 64) * (${start(scale, NEWEST_DAYS)} - o.ms))::bigint as ms
    ) t
    where o.owner_n <> d.buyer;
    analyze bought`)

/** `liked`, `rated` and `said`: what people do with the listed prompts, of which few have very many. Needs `made`. */
export const makeSocial = ({ run, scale }: Maker) =>
  run(
    (['likes', 'ratings', 'comments'] as const)
      .map((what, index) => {
        const drawn = `
          select i, pg_temp.pick(i, ${71 + index * 10}, ${scale.users}, 2) as person,
            pg_temp.pick(i, ${72 + index * 10}, (select count(*) from made), 2.5) as prompt
          from generate_series(1, ${countOf(what, scale.users)}) i`
        // Who likes a prompt twice likes it once; but one may comment again.
        const once = what === 'comments' ? drawn : `select person, prompt, min(i) as i from (${drawn}) d group by 1, 2`
        return `
          create temp table ${TABLES[what]} as
          select row_number() over (order by i) as n, m.n as prompt_n, m.id as prompt_id, p.id as user_id, p.username,
            (m.ms + pg_temp.u(i, ${73 + index * 10}) * (${start(scale, NEWEST_DAYS)} - m.ms))::bigint as ms
          from (${once}) d join made m on m.n = d.prompt and m.is_listed join people p on p.n = d.person and p.n <> m.owner_n;
          analyze ${TABLES[what]};`
      })
      .join(''),
  )

const TABLES = { likes: 'liked', ratings: 'rated', comments: 'said' } as const
