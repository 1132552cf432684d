import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { type PlanNode, planOf } from '#chassis/testing/plan-of.ts'
import { asking, rowsSorted } from '#chassis/testing/plans.ts'
import { rangeAfter } from '#chassis/db/newest-first.ts'
import { getPrompt } from '../db/get-prompt.ts'
import { listLikes } from '../db/list-likes.ts'
import { likePrompt, unlikePrompt } from '../db/likes.ts'
import { schema } from '../db/schema.ts'

// 20,000 prompts have one like each, and one of them has 5,000 more: on the average that is about one like for each prompt.
const FILL = `
  create function pg_temp.id(prefix text, n integer) returns uuid language sql as
  $$ select (prefix || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
  -- Nobody searches here, nor lists by popularity, and each like is of a prompt that exists.
  set local session_replication_role = replica;
  insert into prompts (id, title, content, user_id, username, is_public, status, created_at)
  select pg_temp.id('01900000', i), 'Prompt ' || i, 'content', pg_temp.id('00000000', i), 'user', true, 'PUBLISHED', now()
  from generate_series(1, 20000) i;
  insert into prompt_likes (id, prompt_id, user_id, created_at)
  select pg_temp.id('02000000', i), pg_temp.id('01900000', i), pg_temp.id('00000000', i % 400), now()
  from generate_series(1, 20000) i;
  insert into prompt_likes (id, prompt_id, user_id, created_at)
  select pg_temp.id('02100000', i), pg_temp.id('01900000', 7), pg_temp.id('00000000', 1000 + i), now() - i * interval '1 minute'
  from generate_series(1, 5000) i`

const PROMPT = '01900000-0000-7000-8000-000000000007'
const PAGE = 21
const FAN = '00000000-0000-7000-8000-000000000007'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(FILL)
  await database.query('analyze')
})
afterAll(() => database.drop())

const indexesUsed = (nodes: PlanNode[]) =>
  nodes.flatMap((node) => node['Index Name'] ?? []).filter((name) => name.startsWith('prompt_likes_'))

// A look at all likes of a prompt seems as quick as a look at one. This prompt has 5,001.
describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
  test.each([
    ['is read', asking(getPrompt, { promptId: PROMPT, readerId: FAN })],
    ['is taken back', asking(unlikePrompt, { promptId: PROMPT, userId: FAN, username: 'u', eventHeaders: '{}' })],
  ])('a user’s own like %s by its key alone', async (_, { plan }) => {
    expect(indexesUsed(await plan(database, mode))).toEqual(['prompt_likes_prompt_id_user_id_key'])
  })

  test('a like is stored without a look at the others', async () => {
    const like = { promptId: PROMPT, userId: FAN, username: 'u', eventHeaders: '{}' }
    expect(indexesUsed(await planOf(database, mode, likePrompt, like))).toEqual([])
  })

  test('a page of likes is read from the index of lists', async () => {
    const page = { promptId: PROMPT, readerId: FAN, ...rangeAfter(undefined, PAGE) }
    const nodes = await planOf(database, mode, listLikes, page)
    expect(indexesUsed(nodes)).toEqual(['prompt_likes_prompt_id_created_at'])
    expect(nodes.find((node) => node['Relation Name'] === 'prompt_likes')!['Actual Rows']).toBe(PAGE)
    expect(rowsSorted(nodes)).toEqual([])
  })
})
