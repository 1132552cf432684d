import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import { MAX_ROWS } from '#chassis/page-token.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf, type PlanNode } from '#chassis/testing/plan-of.ts'
import { asking, pagesRead, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { EVENTS } from '#contracts/events.ts'
import { getPlatformStats } from '../db/get-platform-stats.ts'
import { getPromptStats } from '../db/get-prompt-stats.ts'
import { getSalesOfPrompt, getSalesOfSeller, UNIT } from '../db/get-sales.ts'
import { getUserStats } from '../db/get-user-stats.ts'
import { listTrendingPrompts, pageParams as trendingPage, refresh } from '../db/trending-prompts.ts'
import { pageParams } from '../db/event-pages.ts'
import { insertPromptEvents, promptEventColumns } from '../db/insert-prompt-events.ts'
import { insertUserEvents, userEventColumns } from '../db/insert-user-events.ts'
import { arrivalParams, listArrivals, PAGE } from '../db/list-arrivals.ts'
import { listAuditEntries, listOwnAuditEntries } from '../db/list-audit-entries.ts'
import { listPromptEvents, listPromptEventsOfType } from '../db/list-prompt-events.ts'
import { listUserEvents } from '../db/list-user-events.ts'
import { schema } from '../db/schema.ts'
import { marketplaceRows } from '../events/marketplace-rows.ts'
import { promptRows } from '../events/prompt-rows.ts'
import { userRows } from '../events/user-rows.ts'
import { eventOf, viewsOf } from './harness.ts'

// 40,000 events of 400 prompts in 80 days, as many entries of the audit log, of 400 users and of 400 things, and a year of hours: in partitions from the month before last to two months ahead.
const FILL = `
  select make_event_partitions((date_trunc('month', now()) - n * interval '1 month')::date) from generate_series(2, 3) n;
  insert into prompt_activity_events (event_id, prompt_id, user_id, event_type, event_time, xid)
  select gen_random_uuid(), pg_temp.id(i % 400), gen_random_uuid(), case i % 3 when 0 then 'prompt.liked' else 'prompt.viewed' end,
    now() - i * interval '173 seconds', (1000 - i / 100)::text::xid8
  from generate_series(1, 40000) i;
  insert into user_activity_events (event_id, user_id, event_type, event_time, xid)
  select event_id, prompt_id, 'user.signed_in', event_time, xid from prompt_activity_events;
  insert into prompt_daily select prompt_id, event_time::date, event_type, count(*) from prompt_activity_events group by 1, 2, 3;
  insert into user_daily select user_id, event_time::date, event_type, count(*) from user_activity_events group by 1, 2, 3;
  insert into platform_hourly
  select date_trunc('hour', now()) - h * interval '1 hour', 'type.' || t, 1
  from generate_series(0, 24 * 365) h, generate_series(1, 14) t;
  insert into sales_hourly
  select pg_temp.id(i % 400), pg_temp.id(i % 400), date_trunc('hour', now()) - i * interval '1 hour', 'USD', 1, 0, 1999, 400
  from generate_series(1, 40000) i;
  insert into event_ids select event_id, event_time from prompt_activity_events;
  insert into platform_totals select event_type, sum(count) from platform_hourly group by 1;
  insert into prompt_facts select pg_temp.id(i), pg_temp.id(i), true, false, 1 from generate_series(0, 399) i;
  insert into prompt_facts select gen_random_uuid(), gen_random_uuid(), true, false, 1 from generate_series(0, 20000) i;
  insert into prompt_votes
  select current_date - i % 31, pg_temp.id(i % 400), gen_random_uuid(), 1, now() - i % 31 * interval '1 day'
  from generate_series(1, 40000) i;
  insert into trending_prompts select w, prompt_id, random() * 1e6 from prompt_facts, unnest('{HOUR,DAY,WEEK,MONTH}'::text[]) w limit 4000;
  insert into user_facts select owner_id, 'somebody', 1 from prompt_facts;
  insert into audit_entries (event_id, event_time, action, actor_id, subject_id, target_kind, target_id)
  select gen_random_uuid(), now() - i * interval '173 seconds', case i % 50 when 0 then 'LABEL_MOVED' else 'API_KEY_CREATED' end,
    pg_temp.id(i % 400), pg_temp.id(i % 397), 'LABEL', pg_temp.id(i % 401)
  from generate_series(1, 40000) i`
const MAKE_ID = `
  create function pg_temp.id(n integer) returns uuid language sql as
  $$ select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`

const PROMPT = '01900000-0000-7000-8000-000000000007'
const USER = '01900000-0000-7000-8000-000000000008'
const DAY = 24 * 3_600_000

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  await database.query('vacuum analyze')
})
afterAll(() => database.drop())

const now = Date.now()
const lastDays = (days: number) => ({ start: new Date(now - days * DAY), end: new Date(now) })

/** A second page of four days, of which the first one ended two days ago. */
const page = () => pageParams(lastDays(4), [new Date(now - 2 * DAY).toISOString(), PROMPT], 21)

/** The partitions that a plan reads, by their suffixes. */
const partitionsOf = (nodes: PlanNode[], table: string) =>
  new Set(
    nodes
      .map((node) => node['Relation Name'] ?? '')
      .filter((name) => name.startsWith(`${table}_`))
      .map((name) => name.slice(table.length + 1)),
  )
const suffixAt = (time: number) => new Date(time).toISOString().slice(0, 7).replace('-', '_')

describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
  test.each([
    ['DAY', 30],
    ['HOUR', 2],
  ] as const)('the numbers of a prompt by the %s scan no table', async (by, days) => {
    const nodes = await planOf(database, mode, getPromptStats[by], {
      promptId: PROMPT,
      readerId: PROMPT,
      isAdmin: false,
      ...lastDays(days),
    })
    expect(nodes[0]!['Actual Rows']).toBe(1)
    expect(tablesScanned(nodes)).toEqual([])
  })

  test.each([
    ['DAY', 30],
    ['HOUR', 2],
  ] as const)('the numbers of an author by the %s scan no table', async (by, days) => {
    const nodes = await planOf(database, mode, getUserStats[by], { userId: PROMPT, ...lastDays(days) })
    expect(nodes[0]!['Actual Rows']).toBe(1)
    expect(tablesScanned(nodes)).toEqual([])
  })

  test.each([
    ['a seller', getSalesOfSeller],
    ['a prompt', getSalesOfPrompt],
  ])('what %s sold scans no table', async (_, asked) => {
    const nodes = await planOf(database, mode, asked, { id: PROMPT, unit: UNIT.DAY, ...lastDays(30) })
    expect(nodes[0]!['Actual Rows']).toBeGreaterThan(0)
    expect(tablesScanned(nodes)).toEqual([])
  })

  test('a series by the hour reads the index alone, of the months that it touches', async () => {
    const nodes = await planOf(database, mode, getPromptStats.HOUR, {
      promptId: PROMPT,
      readerId: PROMPT,
      isAdmin: false,
      ...lastDays(2),
    })
    const read = nodes.filter((node) => node['Relation Name']?.startsWith('prompt_activity_events'))
    expect(new Set(read.map((node) => node['Node Type']))).toEqual(new Set(['Index Only Scan']))
    const months = new Set([suffixAt(now - 2 * DAY), suffixAt(now)])
    expect(partitionsOf(nodes, 'prompt_activity_events')).toEqual(months)
  })

  test.each([
    ['a user', 'user', () => asking(listUserEvents, { userId: USER, type: null, ...page() })],
    ['a prompt', 'prompt', () => asking(listPromptEvents, { promptId: PROMPT, ...page() })],
    [
      'a prompt, of one type,',
      'prompt',
      () => asking(listPromptEventsOfType, { promptId: PROMPT, type: 'prompt.liked', ...page() }),
    ],
  ])('events of %s are read in their order, of the months that the page can touch', async (_, about, asked) => {
    const nodes = await asked().plan(database, mode)
    expect(tablesScanned(nodes)).toEqual([])
    const indexes = nodes.flatMap((node) => node['Index Name'] ?? [])
    expect(indexes.filter((index) => !index.includes(`${about}_id`))).toEqual([])
    expect(partitionsOf(nodes, `${about}_activity_events`)).toEqual(
      new Set([suffixAt(now - 4 * DAY), suffixAt(now - 2 * DAY)]),
    )
    expect(rowsSorted(nodes).every((rows) => rows <= MAX_ROWS)).toBe(true)
  })

  test('events are read in the order of their arrival, and no others are', async () => {
    const position = { xid: 800n, about: 'p', id: 0n } as const
    const nodes = await planOf(database, mode, listArrivals, arrivalParams(position, 1000n))
    expect(nodes[0]!['Actual Rows']).toBe(PAGE)
    // A partition without events has no index worth reading.
    expect(tablesScanned(nodes.filter((node) => node['Actual Rows'] > 0))).toEqual([])
    expect(rowsSorted(nodes).every((rows) => rows <= 2 * PAGE)).toBe(true)
  })

  test('trending prompts are read in their order, each with what is known of it and its author', async () => {
    const nodes = await planOf(database, mode, listTrendingPrompts, trendingPage('DAY', [500_000, PROMPT], 21))
    expect(tablesScanned(nodes)).toEqual([])
    expect(rowsSorted(nodes)).toEqual([])
  })

  test('scores of a day are computed from the votes of its days alone', async () => {
    const nodes = await planOf(database, mode, refresh, { window: 'DAY', hours: 24 })
    const votes = nodes.filter((node) => node['Relation Name'] === 'prompt_votes')
    expect(votes).toHaveLength(1)
    expect(votes[0]!['Node Type']).not.toBe('Seq Scan')
  })

  test('the numbers of the platform read its totals and a week of hours', async () => {
    const nodes = await planOf(database, mode, getPlatformStats, {})
    expect(nodes[0]!['Actual Rows']).toBe(14)
    expect(tablesScanned(nodes)).toEqual(['platform_totals'])
  })

  test.each([
    [
      'prompt',
      () => asking(insertPromptEvents, promptEventColumns([...promptRows(views()), ...promptRows(liked())].map(made))),
    ],
    ['user', () => asking(insertUserEvents, userEventColumns(userRows(eventOf(EVENTS.userSignedIn)).map(made)))],
    [
      'marketplace',
      () => asking(insertUserEvents, userEventColumns(marketplaceRows(eventOf(EVENTS.purchaseCompleted)).map(made))),
    ],
  ])('a batch of %s events is stored and counted by keys alone', async (_, asked) => {
    const nodes = await asked().plan(database, mode)
    // Nothing is read but the batch itself, so that there is nothing that a plan could be wrong about.
    const read = nodes.filter((node) => node['Relation Name'] && node['Node Type'] !== 'ModifyTable')
    expect(read).toEqual([])
    expect(nodes.filter((node) => /Join|Nested Loop/.test(node['Node Type']))).toEqual([])
  })
})

// They are planned at each run, for its values: a filter that is not asked for is no part of the plan.
describe('entries of the audit log', () => {
  const FILTERS = Object.entries({
    'of everybody': {},
    'of one who acted': { actorId: USER },
    'about one thing': { targetId: USER },
    'of one action': { action: 'LABEL_MOVED' },
    'of an action that there was never': { action: 'REFUNDED' },
    'by all filters at once': { actorId: USER, targetId: USER, action: 'LABEL_MOVED' },
  })
  const NO_FILTER = { actorId: null, targetId: null, action: null }

  /** The partitions without entries: PostgreSQL does not bother with their indexes. */
  const empty = async () => {
    const names = await database.query<{ name: string }>(
      `select relname as name from pg_class where relname like 'audit\\_entries\\_%' and relkind = 'r' and reltuples = 0`,
    )
    return new Set<string | undefined>(names.map(({ name }) => name))
  }
  const expectIndexes = async (nodes: PlanNode[]) => {
    const withoutEntries = await empty()
    expect(tablesScanned(nodes).filter((name) => !withoutEntries.has(name))).toEqual([])
    expect(rowsSorted(nodes).every((rows) => rows <= MAX_ROWS)).toBe(true)
  }

  test.each(FILTERS)(
    '%s: an administrator’s page reads an index, of the months that it can touch',
    async (_, filter) => {
      const nodes = await planOf(database, 'custom', listAuditEntries, { ...NO_FILTER, ...filter, ...page() })
      await expectIndexes(nodes)
      expect(partitionsOf(nodes, 'audit_entries')).toEqual(new Set([suffixAt(now - 4 * DAY), suffixAt(now - 2 * DAY)]))
    },
  )

  test.each(FILTERS)('%s: an administrator’s page of all times reads little of each month', async (_, filter) => {
    const params = { ...NO_FILTER, ...filter, ...pageParams({}, undefined, 21) }
    const nodes = await planOf(database, 'custom', listAuditEntries, params)
    await expectIndexes(nodes)
    expect(pagesRead(nodes)).toBeLessThan(200)
  })

  test.each(FILTERS)(
    '%s: a page of a user’s own reads the indexes of what this user did and suffered',
    async (_, filter) => {
      const params = { ...NO_FILTER, ...filter, userId: USER, ...pageParams({}, undefined, 21) }
      const nodes = await planOf(database, 'custom', listOwnAuditEntries, params)
      await expectIndexes(nodes)
      expect(pagesRead(nodes)).toBeLessThan(400)
    },
  )
})

const views = () => viewsOf(Array.from({ length: 200 }, () => ({ id: v7() })))
const liked = () => eventOf(EVENTS.promptLiked, { about: PROMPT })
const made = <Row>(make: () => Row) => make()
