import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openDatabase } from '#chassis/db/orm.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { type PlanNode, planOf } from '#chassis/testing/plan-of.ts'
import { rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { pageOfPrompts, renameAuthor, renameRows } from '../db/authors.ts'
import { schema } from '../db/schema.ts'

const AUTHOR = '00000000-0000-7000-8000-000000000007'
const PROMPTS = 100_000
/** Rows of a batch. */
const BATCH = 1000

// Every sixth prompt is somebody else's.
const FILL = `
  -- Nobody searches here, nor lists by popularity.
  set local session_replication_role = replica;
  insert into prompts (id, title, content, user_id, username, status, created_at)
  select uuidv7(), 'Prompt ' || i, repeat('content ', 100),
    case when i % 6 = 0 then gen_random_uuid() else '${AUTHOR}'::uuid end, 'former', 'PUBLISHED', now() - i * interval '1 second'
  from generate_series(1, ${PROMPTS * 1.2}) i`

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(FILL)
  await database.query('analyze prompts')
})
afterAll(() => database.drop())

const rowsRead = (nodes: PlanNode[]) => Math.max(...nodes.map((node) => node['Actual Rows']))

describe('a renaming of an author of 100,000 prompts', () => {
  test('reads and writes a thousand rows at a time', async () => {
    await database.query(`insert into authors (user_id, username, revision) values ($1, 'latter', 2)`, [AUTHOR])
    const [half] = await database.query<{ created_at: Date; id: string }>(
      'select created_at, id from prompts where user_id = $1 order by created_at desc, id desc offset $2 limit 1',
      [AUTHOR, PROMPTS / 2],
    )
    const ids = await database.query<{ id: string }>('select id from prompts where user_id = $1 limit $2', [
      AUTHOR,
      BATCH,
    ])
    const rename = { userId: AUTHOR, ids: ids.map(({ id }) => id) }
    const plans = [
      await planOf(database, 'custom', pageOfPrompts, { userId: AUTHOR, createdAt: half!.created_at, id: half!.id }),
      await planOf(database, 'custom', renameRows.prompts, rename),
      await planOf(database, 'generic', renameRows.prompts, rename),
    ]
    for (const nodes of plans) {
      expect(tablesScanned(nodes)).toEqual([])
      expect(rowsSorted(nodes)).toEqual([])
      expect(rowsRead(nodes)).toBe(BATCH)
    }
  })

  test('looks at each prompt once, and changes each', async () => {
    const opened = await openDatabase(schema, { url: database.url, poolSize: 1 }, createLogger('test', 'silent'))
    const rows = new Map<unknown, number[]>()
    const sql: Sql = async (query, params) => {
      const answer = await opened.sql(query, params)
      rows.set(query, [...(rows.get(query) ?? []), answer.length])
      return answer
    }
    await renameAuthor(sql, { userId: AUTHOR, username: 'third', revision: 3 })
    await opened.close()
    expect(rows.get(pageOfPrompts)).toEqual([...Array.from({ length: PROMPTS / BATCH }, () => BATCH), 0])
    expect(rows.get(renameRows.prompts)).toHaveLength(PROMPTS / BATCH)
    expect(await database.query('select username, count(*)::integer as n from prompts group by 1 order by 1')).toEqual([
      { username: 'former', n: PROMPTS * 0.2 },
      { username: 'third', n: PROMPTS },
    ])
  })
})
