import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { claimValues } from '#chassis/db/idempotency.ts'
import { openDatabase } from '#chassis/db/orm.ts'
import { deleteOldInbox } from '#chassis/events/inbox.ts'
import type { Cursor } from '#chassis/page-token.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf } from '#chassis/testing/plan-of.ts'
import { asking, describePlans, isPlannedOnce, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { findOtherNames, knowAuthor, renameNewRows, renameRows } from '../db/authors.ts'
import { batchGetPrompts } from '../db/batch-get-prompts.ts'
import { checkAccess } from '../db/check-access.ts'
import { applyEntitlement, deleteEntitlements } from '../db/entitlements.ts'
import { deletePrompt } from '../db/delete-prompt.ts'
import { getPrompt } from '../db/get-prompt.ts'
import { insertComment } from '../db/insert-comment.ts'
import { insertPrompt } from '../db/insert-prompt.ts'
import { knowFollow } from '../db/follows.ts'
import { listComments, listReplies } from '../db/list-comments.ts'
import { listLikes } from '../db/list-likes.ts'
import { type ListFilter, listQuery, type Order } from '../db/list-prompts.ts'
import { listRatings } from '../db/list-ratings.ts'
import { likePrompt, unlikePrompt } from '../db/likes.ts'
import { refreshRanks } from '../db/ranks.ts'
import { deleteRating, ratePrompt } from '../db/ratings.ts'
import { rangeAfter } from '#chassis/db/newest-first.ts'
import { findDue, storeSearch } from '../db/refresh-search.ts'
import { searchQuery } from '../db/search-prompts.ts'
import { resync } from '../db/resync.ts'
import { updatePrompt } from '../db/update-prompt.ts'
import { schema } from '../db/schema.ts'

// 100,000 prompts of 2,000 owners: one in seven private, one in twenty in a small category, a tag on every fourth and a rare one.
// Each has a like, and one of them has 900,000 more: a million. The newest 20,000 have a rating and a comment, and that one has 5,000 more
// of each, and as many replies.
const FILL = `
  insert into prompts (id, title, content, category, user_id, username, is_public, status, tags, likes_count, ratings_count,
    ratings_sum, comments_count, created_at, updated_at, search, search_revision)
  select pg_temp.id('01900000', i), 'Prompt ' || i, repeat('content ', 100),
    case when i % 20 = 0 then 'legal' when i % 3 = 0 then 'software' else 'writing' end, pg_temp.id('00000000', i % 2000), 'user',
    i % 7 <> 0, case when i % 11 = 0 then 'DRAFT' else 'PUBLISHED' end,
    case when i % 4 = 0 then array['common'] when i % 4999 = 0 then array['rare'] else '{}' end,
    i % 50, i % 9, (i % 9) * (1 + i % 5), (i / 7) % 30, now() - i * interval '1 minute',
    case when i % 3 = 0 then now() - i * interval '20 seconds' end,
    (case when i % 2 = 0 then $$'prompt':1A 'even':2A$$ when i % 4999 = 0 then $$'prompt':1A 'odd':2A 'rare':3A$$
      else $$'prompt':1A 'odd':2A$$ end)::tsvector, case when i % 400 = 0 then 0 else 1 end
  from generate_series(100000, 1, -1) i;
  -- That each like is of a prompt that exists is not looked up a million times.
  set local session_replication_role = replica;
  insert into prompt_likes (id, prompt_id, user_id, created_at)
  select pg_temp.id('02000000', i), pg_temp.id('01900000', i), pg_temp.id('00000000', i % 400), now()
  from generate_series(1, 100000) i;
  insert into prompt_likes (id, prompt_id, user_id, created_at)
  select pg_temp.id('02100000', i), pg_temp.id('01900000', 7), pg_temp.id('00000000', 1000 + i), now() - i * interval '1 minute'
  from generate_series(1, 900000) i;
  set local session_replication_role = origin;
  create temp table said as select * from prompt_likes
    where id <= pg_temp.id('02000000', 20000) or id between pg_temp.id('02100000', 1) and pg_temp.id('02100000', 5000);
  insert into prompt_ratings (id, prompt_id, user_id, username, rating, created_at)
  select id, prompt_id, user_id, 'user', 3, created_at from said;
  insert into prompt_comments (id, prompt_id, user_id, username, content, created_at)
  select id, prompt_id, user_id, 'user', 'text', created_at from said;
  insert into prompt_comments (id, prompt_id, user_id, username, content, parent_id, created_at)
  select pg_temp.id('02200000', i), prompt_id, user_id, username, content, pg_temp.id('02100000', 1 + i % 4), created_at
  from prompt_comments cross join generate_series(1, 5000) i where id = pg_temp.id('02100000', 1);
  insert into authors (user_id, username, revision) select pg_temp.id('00000000', i), 'other', 1 from generate_series(1, 20000) i;
  insert into idempotency_keys select user_id, 'm', id, '', id, created_at from said;
  insert into follows (follower_id, following_id, revision, active)
  select pg_temp.id('00000000', i % 400), pg_temp.id('00000000', i), 1, true from generate_series(1, 20000) i;
  insert into inbox select 'prompt', pg_temp.id('03000000', i), now() - i * interval '4 minutes' from generate_series(1, 20000) i;
  insert into entitlements (license_id, prompt_id, user_id, license_type, min_version, active, revision)
  select id, prompt_id, user_id, 'PERSONAL', 1, true, 1 from said`
const MAKE_ID = `
  create function pg_temp.id(prefix text, n integer) returns uuid language sql as
  $$ select (prefix || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`

const OWNER = '00000000-0000-7000-8000-000000000007'
const PROMPT = '01900000-0000-7000-8000-000000000007'
const PARENT = '02100000-0000-7000-8000-000000000001'
const PAGE = 21

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  const opened = await openDatabase(schema, { url: database.url, poolSize: 2 }, createLogger('test', 'silent'))
  await refreshRanks(opened)
  await opened.close()
  await database.query('analyze')
})
afterAll(() => database.drop())

const unchanged = {
  etag: null,
  content: null,
  description: null,
  category: null,
  tags: null,
  variables: null,
  model: null,
  isPublic: null,
  status: null,
  publicFromVersion: null,
  tagsTerms: null,
  descriptionTerms: null,
}
const newPrompt = {
  id: randomUUID(),
  title: 'T',
  content: 'C',
  description: null,
  category: null,
  user_id: OWNER,
  username: 'u',
  is_public: true,
  tags: [],
  variables: '[]',
  model: null,
  status: 'PUBLISHED',
  search: "'t':1A",
}
const key = { callerId: OWNER, method: 'm', key: randomUUID(), requestHash: Buffer.from('x') }
const newComment = { promptId: PROMPT, userId: OWNER, username: 'u', content: 'C' }
const ENTITLEMENT = {
  licenseId: '02000000-0000-7000-8000-000000000007',
  promptId: PROMPT,
  userId: OWNER,
  licenseType: 'PERSONAL',
  minVersion: 1,
  maxVersion: null,
  expiresAt: null,
  active: false,
  revision: 2,
}
const eventHeaders = '{}'
const PAGES = [undefined, ['2099-01-01', PROMPT]].map((cursor) => ({
  promptId: PROMPT,
  readerId: OWNER,
  ...rangeAfter(cursor, PAGE),
}))

// There is about one rating for each prompt that has any, so that a look at all of a prompt's seems as quick as a look at one. This one has 5,001.
describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
  test.each([
    ['is read', asking(getPrompt, { promptId: PROMPT, readerId: OWNER })],
    ['is taken back', asking(deleteRating, { promptId: PROMPT, userId: OWNER })],
  ])('a user’s own rating %s by its key alone', async (_, { plan }) => {
    const read = (await plan(database, mode)).filter((node) => node['Index Name']?.startsWith('prompt_ratings_'))
    expect(read.map((node) => node['Index Name'])).toEqual(['prompt_ratings_prompt_id_user_id_key'])
  })
})

describePlans(
  () => database,
  [
    asking(getPrompt, { promptId: PROMPT, readerId: OWNER }),
    asking(getPrompt, { promptId: PROMPT, readerId: null }),
    asking(checkAccess, { promptId: PROMPT, readerId: OWNER }),
    asking(batchGetPrompts, { promptIds: [PROMPT, '01900000-0000-7000-8000-000000000008'], readerId: OWNER }),
    asking(deletePrompt, { promptId: PROMPT, ownerId: OWNER, actorId: OWNER, actorName: 'u', eventHeaders }),
    asking(updatePrompt, {
      ...unchanged,
      promptId: PROMPT,
      ownerId: OWNER,
      title: 'New',
      titleTerms: "'new':1A",
      changes: '',
      ownerName: 'u',
      eventHeaders,
    }),
    asking(likePrompt, { promptId: PROMPT, userId: OWNER, username: 'u', eventHeaders }),
    asking(unlikePrompt, { promptId: PROMPT, userId: OWNER, username: 'u', eventHeaders }),
    asking(ratePrompt, { promptId: PROMPT, userId: OWNER, username: 'u', rating: 5, review: null, eventHeaders }),
    asking(deleteRating, { promptId: PROMPT, userId: OWNER }),
    ...PAGES.flatMap((page) => [
      asking(listLikes, page),
      asking(listRatings, page),
      asking(listComments, page),
      asking(listReplies, { ...page, parentId: PARENT }),
    ]),
    ...[null, PARENT].map((parentId) =>
      asking(insertComment, { ...newComment, parentId, ...claimValues(key, randomUUID()), eventHeaders }),
    ),
    asking(knowAuthor, { userId: OWNER, username: 'other', revision: 2 }),
    asking(knowFollow, { followerId: OWNER, followingId: PROMPT, revision: 2, active: true }),
    asking(applyEntitlement, ENTITLEMENT),
    asking(deleteEntitlements, { userId: OWNER }),
    ...Object.values(findOtherNames).map((find) => asking(find, { userId: OWNER })),
    ...Object.values(renameRows).map((rename) => asking(rename, { userId: OWNER, ids: [PROMPT] })),
    asking(findDue, {}),
    asking(storeSearch, { ids: [PROMPT], revisions: [1], searches: ["'new':1A"] }),
    asking(deleteOldInbox, {}),
    asking(insertPrompt, { ...newPrompt, ...claimValues(key, newPrompt.id), eventHeaders }),
  ],
)

test.each(Object.entries(renameNewRows))(
  'new rows of %s with a former name are found without a scan',
  async (_, query) => {
    const nodes = await planOf(database, 'custom', query, { since: '7fffffff-0000-7000-8000-000000000000' })
    expect(tablesScanned(nodes)).toEqual([])
  },
)

test.each(['generic', 'custom'] as const)('with a %s plan, a page of resync is read by the key', async (mode) => {
  const nodes = await planOf(database, mode, resync[0].tellPage, { after: PROMPT, eventHeaders })
  expect(tablesScanned(nodes)).toEqual([])
  const read = nodes.filter((node) => node['Relation Name'] === 'prompts')
  expect(read.map((node) => [node['Node Type'], node['Actual Rows']])).toEqual([['Index Scan', 200]])
})

const ORDERS: Order[] = ['CREATED', 'UPDATED', 'LIKES', 'RATING', 'COMMENTS']
const nothing = { userId: undefined, isOwn: false, category: undefined, tag: undefined, isPublic: undefined }
const FILTERS: Partial<ListFilter>[] = [
  {},
  { category: 'software' },
  { category: 'legal' },
  { tag: 'common' },
  { tag: 'rare' },
  { userId: OWNER },
  { userId: OWNER, category: 'software' },
  { userId: OWNER, isOwn: true },
  { userId: OWNER, isOwn: true, isPublic: false },
]
const LISTS = ORDERS.flatMap((order) =>
  FILTERS.map((filter): [string, ListFilter] => [
    `${order} ${JSON.stringify(filter)}`,
    { ...nothing, order, ...filter },
  ]),
)
const AFTER = { CREATED: '2099-01-01', UPDATED: '2099-01-01', LIKES: 40, RATING: 3.4, COMMENTS: 20 }

describe.each(LISTS)('a list by %s', (_, filter) => {
  const pages: [string, Cursor | undefined][] = [
    ['first', undefined],
    ['next', [AFTER[filter.order], PROMPT]],
  ]

  test.each(pages)(
    'scans no table for the %s page, and sorts one owner’s prompts at the most',
    async (_page, cursor) => {
      const { query, params } = listQuery(filter, cursor, PAGE)
      // A query without a name never has a generic plan.
      for (const mode of query.name ? (['generic', 'custom'] as const) : (['custom'] as const)) {
        const nodes = await planOf(database, mode, query, params)
        expect(nodes[0]!['Actual Rows']).toBeGreaterThan(0)
        expect(tablesScanned(nodes)).toEqual([])
        if (!filter.userId) expect(Math.max(0, ...rowsSorted(nodes))).toBeLessThanOrEqual(PAGE)
      }
    },
  )
})

const SEARCHES: [string, string[], Partial<ListFilter>, number][] = [
  ['a word that is everywhere', ['prompt'], {}, PAGE],
  ['a rare word', ['rare'], {}, 8],
  ['words that are never together', ['odd', 'even'], {}, 1],
  ['no word that is there', ['nothing'], {}, 1],
  ['a word in a category', ['prompt'], { category: 'legal' }, PAGE],
  ['a word with a tag', ['prompt'], { tag: 'none' }, 1],
  ['a word of one owner', ['prompt'], { userId: OWNER }, PAGE],
  ['a word of oneself', ['prompt'], { userId: OWNER, isOwn: true }, PAGE],
  ['a word of one’s private prompts', ['prompt'], { userId: OWNER, isOwn: true, isPublic: false }, 1],
]

describe.each(SEARCHES)('a search for %s', (_, terms, filter, least) => {
  test('is planned once for all', async () => {
    const { query, params } = searchQuery(terms, { ...nothing, ...filter }, undefined, PAGE)
    expect(await isPlannedOnce(database, query, params)).toBe(true)
  })

  test.each(['generic', 'custom'] as const)(
    'scans no table by a %s plan, and reads no more than the newest matches',
    async (mode) => {
      const { query, params } = searchQuery(terms, { ...nothing, ...filter }, undefined, PAGE)
      const nodes = await planOf(database, mode, query, params)
      expect(nodes[0]!['Actual Rows']).toBeGreaterThanOrEqual(least)
      expect(tablesScanned(nodes)).toEqual([])
      expect(Math.max(...rowsSorted(nodes))).toBeLessThanOrEqual(1001)
      // A part of 4,096 is read as a whole.
      const read = nodes.filter((node) => node['Node Type'] === 'Bitmap Heap Scan')
      for (const node of read) expect(node['Actual Rows'] * node['Actual Loops']).toBeLessThanOrEqual(1000 + 4096)
    },
  )
})
