import { Client } from 'pg'
import { median } from '../bench/measure.ts'

/** What one statement took on the table as it is, and on a partitioned copy: milliseconds, and pages that were looked at. */
export type Compared = { what: string; plain: Cost; parted: Cost }

/** Median milliseconds, and pages of one run. */
export type Cost = { ms: number; pages: number }

/** The answer to one of the seed's questions. */
export type Partitioning = {
  /** `users by region`. */
  title: string
  compared: Compared[]
  plainBytes: number
  partedBytes: number
  /** Whether the copy takes what is unique in the table a second time. */
  takesTwice: boolean
}

/** What is copied, and which statements run on both copies: `$T` is the table. Their values are rows of `values`, drawn from the table. */
type Question = {
  title: string
  table: string
  copy: string
  by: string
  /** SQL that makes the copies' parts of `scale.parted`. */
  parts: string
  columns: string
  /** A second row with what is unique. */
  twice: string
  indexes: (table: string, key: string) => string[]
  statements: { what: string; text: string; values: string }[]
}

const REGIONS = 8

const USERS: Question = {
  title: 'users by region',
  table: 'users',
  by: 'region',
  copy: `select u.*, 'region-' || abs(hashtext(u.id::text)) % ${REGIONS} as region from public.users u`,
  columns: 'like public.users including defaults, region text not null',
  parts: Array.from(
    { length: REGIONS },
    (_, n) => `create table scale.parted_${n} partition of scale.parted for values in ('region-${n}')`,
  ).join(';'),
  twice: `insert into scale.parted select u.*, 'region-' || (abs(hashtext(u.id::text)) + 1) % ${REGIONS} from public.users u limit 1`,
  indexes: (table, key) => [
    `alter table ${table} add primary key (id${key})`,
    `create unique index on ${table} (lower(username collate "C")${key})`,
    `create unique index on ${table} (lower(email collate "C")${key})`,
  ],
  statements: [
    { what: 'by id', text: 'select * from $T where id = $1', values: 'select id from public.users' },
    {
      what: 'by id, its region known',
      text: 'select * from $T where id = $1 and region = $2',
      values: `select id, 'region-' || abs(hashtext(id::text)) % ${REGIONS} from public.users`,
    },
    {
      what: 'by username, as a sign-in',
      text: 'select * from $T where lower(username collate "C") = lower($1 collate "C")',
      values: 'select username from public.users',
    },
    {
      what: 'insert',
      text: `insert into $T (id, username, email, password, created_at, region)
        select uuidv7(), $1 || 'x', $1 || 'x@scale.test', 'no password', now(), $2`,
      values: `select gen_random_uuid()::text, 'region-' || abs(hashtext(id::text)) % ${REGIONS} from public.users`,
    },
  ],
}

const PROMPTS: Question = {
  title: 'prompts by category',
  table: 'prompts',
  by: 'category',
  copy: `select p.id, p.title, p.content, p.description, coalesce(p.category, 'none') as category, p.user_id, p.created_at from public.prompts p`,
  columns: `id uuid not null, title varchar(200) not null, content text not null, description text, category varchar(50) not null, user_id uuid not null,
    created_at timestamptz(3) not null`,
  parts: '',
  twice: `insert into scale.parted select p.id, p.title, p.content, p.description, c.name, p.user_id, p.created_at
    from scale.plain p join public.categories c on c.name <> p.category limit 1`,
  indexes: (table, key) => [
    `alter table ${table} add primary key (id${key})`,
    `create index on ${table} (user_id, created_at desc, id desc)`,
    `create index on ${table} (category, created_at desc, id desc)`,
    `create index on ${table} (created_at desc, id desc)`,
  ],
  statements: [
    { what: 'by id', text: 'select * from $T where id = $1', values: 'select id from public.prompts' },
    {
      what: 'by id, its category known',
      text: 'select * from $T where id = $1 and category = $2',
      values: `select id, category from public.prompts where category is not null`,
    },
    {
      what: 'newest of a category',
      text: 'select id, title from $T where category = $1 order by created_at desc, id desc limit 20',
      values: 'select category from public.prompts where category is not null',
    },
    {
      what: 'newest of all',
      text: 'select id, title from $T where created_at <= $1 order by created_at desc, id desc limit 20',
      values: 'select created_at from public.prompts',
    },
    {
      what: 'newest of an owner',
      text: 'select id, title from $T where user_id = $1 order by created_at desc, id desc limit 20',
      values: 'select user_id from public.prompts',
    },
    {
      what: 'insert',
      text: `insert into $T (id, title, content, category, user_id, created_at) select uuidv7(), 'Prompt', repeat('text ', 200), $2, $1, now()`,
      values: 'select user_id, category from public.prompts where category is not null',
    },
  ],
}

/** Runs of each statement on each copy. */
const RUNS = 400

/** Measures both of the seed's questions on copies of the filled tables, in a schema of their own, which it drops again. `say` hears of each. */
export async function measurePartitions(
  urls: { user: string; prompt: string },
  say: (line: string) => void,
): Promise<Partitioning[]> {
  const users = await measureOne(urls.user, USERS)
  say(users.title)
  const prompts = await measureOne(urls.prompt, PROMPTS)
  say(prompts.title)
  return [users, prompts]
}

async function measureOne(url: string, question: Question): Promise<Partitioning> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { title, by, columns, copy, indexes } = question
  try {
    await client.query('drop schema if exists scale cascade; create schema scale')
    await client.query(`create table scale.plain (${columns})`)
    await client.query(`create table scale.parted (${columns}) partition by list (${by})`)
    await client.query(question.parts || (await partsByCategory(client)))
    for (const table of ['plain', 'parted']) {
      await client.query(`insert into scale.${table} ${copy}`)
      for (const text of indexes(`scale.${table}`, table === 'parted' ? `, ${by}` : '')) await client.query(text)
    }
    await client.query('analyze scale.plain; analyze scale.parted')
    const compared: Compared[] = []
    for (const statement of question.statements) compared.push(await compare(client, statement))
    const [plainBytes, partedBytes] = [await bytesOf(client, 'plain'), await bytesOf(client, 'parted')]
    return { title, compared, plainBytes, partedBytes, takesTwice: await takes(client, question.twice) }
  } finally {
    await client.query('drop schema if exists scale cascade')
    await client.end()
  }
}

async function partsByCategory(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(`select name from public.categories union all select 'none'`)
  return rows
    .map(({ name }, n) => `create table scale.parted_${n} partition of scale.parted for values in ('${name}')`)
    .join(';')
}

async function compare(client: Client, { what, text, values }: Question['statements'][number]): Promise<Compared> {
  const drawn = await client.query({
    text: `select * from (${values}) v order by random() limit ${RUNS}`,
    rowMode: 'array',
  })
  const name = what.replaceAll(/\W+/g, '_')
  const [first] = drawn.rows as unknown[][]
  // First, for a row that is inserted twice would be refused.
  const pages = {
    plain: await pagesOf(client, text.replace('$T', 'scale.plain'), first!),
    parted: await pagesOf(client, text.replace('$T', 'scale.parted'), first!),
  }
  const times: Record<'plain' | 'parted', number[]> = { plain: [], parted: [] }
  for (const row of drawn.rows as unknown[][])
    for (const table of ['plain', 'parted'] as const) {
      const began = performance.now()
      await client.query({ name: `${table}_${name}`, text: text.replace('$T', `scale.${table}`), values: row })
      times[table].push(performance.now() - began)
    }
  const cost = (table: 'plain' | 'parted'): Cost => ({ ms: median(times[table]), pages: pages[table] })
  return { what, plain: cost('plain'), parted: cost('parted') }
}

// What it writes is taken back.
async function pagesOf(client: Client, text: string, values: unknown[]): Promise<number> {
  await client.query('begin')
  try {
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, values)
    const { Plan: plan } = (rows[0] as { 'QUERY PLAN': { Plan: Record<string, number> }[] })['QUERY PLAN'][0]!
    return plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!
  } finally {
    await client.query('rollback')
  }
}

async function bytesOf(client: Client, table: string): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>(
    `select sum(pg_total_relation_size(c.oid))::float8 as bytes from pg_class c left join pg_inherits i on i.inhrelid = c.oid
    where 'scale.${table}'::regclass in (c.oid, i.inhparent) and c.relkind in ('r', 'p')`,
  )
  return rows[0]!.bytes
}

/** Whether a statement that adds what is there already succeeds. */
const takes = (client: Client, text: string): Promise<boolean> =>
  client.query(text).then(
    ({ rowCount }) => rowCount === 1,
    (error: { code?: string }) => {
      if (error.code === '23505') return false
      throw error
    },
  )
