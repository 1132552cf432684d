import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { lockKey } from '#chassis/db/advisory-locks.ts'
import { until } from '#chassis/testing/until.ts'
import { testDatabase, type TestDatabase } from '#chassis/testing/database.ts'
import { type Database, openDatabase } from '#chassis/db/orm.ts'
import { createLogger } from '#chassis/logger.ts'
import { refreshRanks } from '../db/ranks.ts'
import { schema } from '../db/schema.ts'

// Past the service, whose own job would refresh at any time.
let database: TestDatabase
let replicas: Database[]

beforeAll(async () => {
  database = await testDatabase(schema)
  const open = () => openDatabase(schema, { url: database.url, poolSize: 2 }, createLogger('test', 'silent'))
  replicas = [await open(), await open()]
})
afterAll(async () => {
  for (const replica of replicas) await replica.close()
  await database.drop()
})

const COUNT = 2500
const FILL = `
  insert into prompts (id, title, content, category, user_id, username, created_at, likes_count, is_public)
  select gen_random_uuid(), 'T', 'C', case when i % 2 = 0 then 'games' end, gen_random_uuid(), 'user', now(), i, i % 5 <> 0
  from generate_series(1, ${COUNT}) i`

const WAITING = `
  select from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`

const due = async () => (await database.query('select from prompt_rank_due')).length
/** Listed prompts without their rank, ranks without their prompt, and categories whose count is wrong. */
const wrong = async () => {
  const [row] = await database.query(`
    select
      (select count(*)::integer from prompts p full join prompt_rank r on r.prompt_id = p.id
        where (p.is_public and p.deleted_at is null) is distinct from (r.prompt_id is not null)
          or r.likes <> p.likes_count or r.category is distinct from p.category and r.prompt_id is not null) as ranks,
      (select count(*)::integer from categories c where c.prompts_count <> (
        select count(*) from prompts p where p.category = c.name and p.is_public and p.deleted_at is null)) as counts`)
  return row
}

describe('refreshRanks', () => {
  test('ranks the listed prompts and counts them, in batches', async () => {
    await database.query(FILL)
    expect(await due()).toBe(COUNT)
    await refreshRanks(replicas[0]!)
    expect(await due()).toBe(0)
    expect(await wrong()).toEqual({ ranks: 0, counts: 0 })
  })

  test('takes up changed counters, categories and visibility, and nothing else', async () => {
    await database.query(`update prompts set title = 'New', updated_at = now()`)
    expect(await due()).toBe(0)
    await database.query(`
      update prompts set likes_count = likes_count + 1, category = case when likes_count % 3 = 0 then 'legal' end,
        is_public = likes_count % 7 <> 0, deleted_at = case when likes_count % 11 = 0 then now() end`)
    // A prompt that is due twice is counted once.
    await database.query('update prompts set comments_count = 1')
    expect(await due()).toBe(2 * COUNT)
    await refreshRanks(replicas[0]!)
    expect(await wrong()).toEqual({ ranks: 0, counts: 0 })
  })

  test('by two replicas at once counts each prompt once', async () => {
    for (let round = 0; round < 5; round += 1) {
      await database.query(`update prompts set category = case when category = 'games' then 'legal' else 'games' end`)
      await Promise.all(replicas.map((replica) => refreshRanks(replica)))
    }
    await refreshRanks(replicas[0]!)
    expect(await due()).toBe(0)
    expect(await wrong()).toEqual({ ranks: 0, counts: 0 })
  })

  test('waits for a replica that is at it', async () => {
    await database.query('update prompts set likes_count = 0')
    await database.query('begin')
    await database.query(`select pg_advisory_xact_lock(${lockKey('ranks')})`)
    const refreshing = refreshRanks(replicas[1]!)
    await until('it to wait', async () => (await database.query(WAITING)).length === 1)
    expect(await due()).toBe(COUNT)
    await database.query('commit')
    await refreshing
    expect(await due()).toBe(0)
  })
})
