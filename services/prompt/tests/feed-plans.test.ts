import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { type PlanNode, planOf } from '#chassis/testing/plan-of.ts'
import { isPlannedOnce, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { listFeed } from '../db/list-feed.ts'
import { schema } from '../db/schema.ts'
import { rangeAfter } from '#chassis/db/newest-first.ts'

const PAGE = 21
const MAKE_ID = `
  create function pg_temp.id(prefix text, n integer) returns uuid language sql as
  $$ select (prefix || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`

// 100,000 prompts, a minute apart, one in ten private. The newest 90,000 are by 10,000 authors who take turns, except that each twentieth
// is by one author, 20000; the oldest 10,000 are by 5,000 others, 10001 to 15000. Two thousand of the authors follow a hundred others each.
const FILL = `
  -- Nobody searches here, nor lists by popularity.
  set local session_replication_role = replica;
  insert into prompts (id, title, content, user_id, username, is_public, status, created_at)
  select pg_temp.id('01900000', i), 'Prompt ' || i, repeat('content ', 20),
    pg_temp.id('00000000', case when i > 90000 then 10001 + i % 5000 when i % 20 = 0 then 20000 else 1 + i * 7919 % 10000 end),
    'user', i % 10 <> 3, 'PUBLISHED', now() - i * interval '1 minute'
  from generate_series(100000, 1, -1) i;
  insert into follows (follower_id, following_id, revision, active)
  select pg_temp.id('00000000', i), pg_temp.id('00000000', i + n), 1, true
  from generate_series(1, 2000) i cross join generate_series(1, 100) n`

/** Whom each reader follows: the authors from `first` on, `count` of them. Each also followed 50 active authors once. */
type Reader = { follows: string; first: number; count: number; least: number; most: number }

// What may be read of `prompts`, and found there: the walk, four prompts for each who is followed, and the pages of those who lead.
const READERS: Reader[] = [
  { follows: '5,000 of the active authors', first: 1, count: 5000, least: PAGE, most: 150 },
  { follows: '1,000 of the active authors', first: 1, count: 1000, least: PAGE, most: 1000 },
  { follows: '5,000 inactive authors', first: 10001, count: 5000, least: PAGE, most: 1000 + 10_000 + 100 },
  { follows: '5,000 who write nothing', first: 30001, count: 5000, least: 0, most: 1000 },
  { follows: '3 inactive authors', first: 10001, count: 3, least: 5, most: 30 },
  { follows: 'one author of 4,500 prompts', first: 20000, count: 1, least: PAGE, most: 150 },
  { follows: 'nobody', first: 1, count: 0, least: 0, most: 0 },
]
const readerId = (n: number) => `0a000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  for (const [n, { first, count }] of READERS.entries()) {
    await database.query(
      `insert into follows (follower_id, following_id, revision, active)
      select $1::uuid, pg_temp.id('00000000', $2 + i), 1, true from generate_series(0, $3 - 1) i
      union all select $1, pg_temp.id('00000000', 9000 + i), 2, false from generate_series(1, 50) i`,
      [readerId(n), first, count],
    )
  }
  await database.query('analyze')
})
afterAll(() => database.drop())

const promptsRead = (nodes: PlanNode[]) =>
  nodes
    .filter((node) => node['Relation Name'] === 'prompts')
    .reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0)

const CASES = READERS.map((reader, n) => ({ ...reader, followerId: readerId(n) }))

describe.each(CASES)('the feed of somebody who follows $follows', ({ followerId, count, least, most }) => {
  test('is planned once for all', async () => {
    expect(await isPlannedOnce(database, listFeed, { followerId, ...rangeAfter(undefined, PAGE) })).toBe(true)
  })

  test.each(['generic', 'custom'] as const)('reads no more than it has to, by a %s plan', async (mode) => {
    const nodes = await planOf(database, mode, listFeed, { followerId, ...rangeAfter(undefined, PAGE) })
    expect(nodes[0]!['Actual Rows']).toBeGreaterThanOrEqual(least)
    expect(tablesScanned(nodes)).toEqual([])
    expect(promptsRead(nodes)).toBeLessThanOrEqual(most)
    expect(Math.max(0, ...rowsSorted(nodes))).toBeLessThanOrEqual(Math.max(4 * count, PAGE * 101))
  })
})
