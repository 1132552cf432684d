import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Schema } from '#chassis/db/orm.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { type TestMongo, testMongo } from '#chassis/testing/mongo.ts'
import { schema as analytics } from '../../services/analytics/db/schema.ts'
import { schema as marketplace } from '../../services/marketplace/db/schema.ts'
import { schema as prompt } from '../../services/prompt/db/schema.ts'
import { startPromptService } from '../../services/prompt/tests/harness.ts'
import { schema as test_ } from '../../services/test/db/schema.ts'
import { schema as user } from '../../services/user/db/schema.ts'
import { SearchPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import { disagreements } from './agree.ts'
import { type Databases, fill } from './fill.ts'
import { scaleOf } from './made.ts'
import { measurePartitions } from './partitions.ts'
import { sizesOf } from './sizes.ts'

const SCHEMAS = { user, prompt, test: test_, marketplace, analytics } satisfies Record<string, Schema>
type Service = keyof typeof SCHEMAS
const SERVICES = Object.keys(SCHEMAS) as Service[]

/** Databases of a site of 60 users. */
async function fillOne() {
  const made = {} as Record<Service, TestDatabase>
  for (const name of SERVICES) made[name] = await testDatabase(SCHEMAS[name])
  const mongo = await testMongo()
  const urls = Object.fromEntries(SERVICES.map((name) => [name, made[name].url])) as Record<Service, string>
  const databases: Databases = {
    urls,
    mongo: { url: mongo.url, name: mongo.name },
    licenseKeySecret: 'a secret for licence keys in tests of this',
  }
  const filled = await fill(databases, scaleOf(60), 'correct horse', () => undefined)
  return { made, mongo, databases, filled }
}

type Site = Awaited<ReturnType<typeof fillOne>>

let site: Site
/** Filled in the same way, and then spoilt. */
let other: Site

beforeAll(async () => {
  site = await fillOne()
  other = await fillOne()
})
afterAll(async () => {
  for (const one of [site, other]) if (one) await drop(one)
})

async function drop({ made, mongo }: { made: Record<Service, TestDatabase>; mongo: TestMongo }) {
  for (const name of SERVICES) await made[name].drop()
  await mongo.drop()
}

/** Numbers that a second run must have again: rows of every table, and sums of what was drawn. */
async function numbersOf({ made, mongo }: Site): Promise<Record<string, unknown>> {
  const numbers: Record<string, unknown> = {
    versions: await mongo.db.collection('prompt_versions').countDocuments(),
    labels: await mongo.db.collection('label_changes').countDocuments(),
  }
  for (const [service, texts] of Object.entries(NUMBERS))
    for (const text of texts) numbers[text] = await made[service as Service].query(text)
  return numbers
}

const NUMBERS: Partial<Record<Service, string[]>> = {
  user: ['select count(*), sum(followers_count), min(id::text), md5(string_agg(bio, id::text order by id)) from users'],
  prompt: [
    'select count(*), sum(likes_count), sum(ratings_sum), md5(string_agg(content, id::text order by id)) from prompts',
    'select count(*), min(created_at) from prompt_comments',
  ],
  test: ['select count(*), sum(cost_micros), sum(length(response)) from prompt_tests'],
  marketplace: [
    'select count(*), sum(amount) from transactions',
    'select sum(amount) from ledger_entries where amount > 0',
  ],
  analytics: ['select event_type, count from platform_totals order by 1'],
}

test('a second run makes the same, of which few have much and most have little', async () => {
  expect(await numbersOf(other)).toEqual(await numbersOf(site))
  const [tail] = await site.made.user.query<{ most: number; middle: number }>(
    `select max(followers_count) as most, percentile_disc(0.5) within group (order by followers_count) as middle from users`,
  )
  expect(tail!.most).toBeGreaterThan(3 * tail!.middle)
})

test('every table of what is made has a size, and rows', async () => {
  const sizes = await sizesOf(site.databases, site.filled.collections)
  const named = (table: string) => sizes.find((one) => one.table === table)!
  expect(named('prompts').rows).toBe(300)
  expect(named('prompt_versions').tables).toBeGreaterThan(300 * 1000)
  expect(named('user_follows').domain).toBe('social')
  expect(named('prompt_activity_events').rows).toBeGreaterThan(60 * 40)
  for (const { table, rows } of sizes) expect([table, rows > 0]).toEqual([table, true])
})

test('the prompt service serves what was made', async () => {
  const [row] = await site.made.prompt.query<{ id: string; likes_count: number; title: string }>(
    `select id, likes_count, title from prompts where is_public and status = 'PUBLISHED' order by likes_count desc limit 1`,
  )
  const service = await startPromptService({ database: site.made.prompt })
  try {
    const as = { token: await service.identity.tokenFor({ userId: randomUUID(), username: 'reader', role: 'USER' }) }
    const { prompt } = await service.prompts.getPrompt({ promptId: row!.id }, as)
    expect(prompt).toMatchObject({ title: row!.title, likesCount: row!.likes_count })
    const { matches } = await service.prompts.searchPrompts(SearchPromptsRequest.fromPartial({ query: row!.title }), as)
    expect(matches.map(({ prompt: found }) => found!.id)).toContain(row!.id)
  } finally {
    await service.stop()
  }
})

test('both partitioned copies are measured, take what is unique twice, and are gone afterwards', async () => {
  const measured = await measurePartitions(site.databases.urls, () => undefined)
  expect(measured.map(({ title, takesTwice }) => [title, takesTwice])).toEqual([
    ['users by region', true],
    ['prompts by category', true],
  ])
  for (const { plainBytes, partedBytes } of measured) expect(Math.min(plainBytes, partedBytes)).toBeGreaterThan(8192)
  for (const { compared } of measured)
    for (const { plain, parted } of compared)
      expect(Math.min(plain.ms, plain.pages, parted.ms, parted.pages)).toBeGreaterThan(0)
  for (const name of ['user', 'prompt'] as const)
    expect(await site.made[name].query(`select from pg_namespace where nspname = 'scale'`)).toEqual([])
})

/** What is spoilt, and what the recount then says. */
const SPOILT: [Service, string, string][] = [
  ['user', 'update users set followers_count = followers_count + 1', 'users count their followers'],
  ['user', `update users set username = username || 'x'`, 'every prompt shows its author by the present name'],
  ['prompt', 'update prompts set likes_count = likes_count + 1', 'prompts count their likes'],
  ['prompt', 'delete from prompt_search', 'listed prompts without what they are searched by'],
  ['prompt', 'update prompt_rank set comments = comments + 1', 'prompts whose rank does not say their likes'],
  ['prompt', 'update categories set prompts_count = prompts_count + 1', 'categories that count wrongly'],
  ['prompt', 'update entitlements set revision = revision + 1', 'what each licence unlocks'],
  ['prompt', 'update prompts set version = version + 1', 'versions from 1 to the head'],
  ['prompt', 'update follows set active = false', 'who follows whom'],
  ['test', 'update spend set spent = spent + 1', 'what is reserved, spent and unfinished'],
  ['marketplace', 'update seller_balances set available = available + 1', 'the ledger, balances and licences'],
  ['marketplace', 'delete from listing_search', 'listings for sale without what they are searched by'],
  ['analytics', 'update prompt_daily set count = count + 1', 'rollups, totals and facts'],
  ['analytics', 'update prompt_facts set revision = revision + 1', 'analytics knows every prompt as it is'],
]

test('what does not agree is found, each count of it', async () => {
  expect(await disagreements(site.databases)).toEqual([])
  for (const [service, spoil] of SPOILT) await other.made[service].query(spoil)
  const found = (await disagreements(other.databases)).join('\n')
  for (const [, , message] of SPOILT) expect(found).toContain(message)
})
