import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Migrator } from '@mikro-orm/migrations'
import { MikroORM } from '@mikro-orm/postgresql'
import { ormOptions } from '#chassis/db/orm.ts'
import { createSql, type Sql } from '#chassis/db/statements.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { Pool } from 'pg'
import { refreshSearch } from '../db/refresh-search.ts'
import { schema } from '../db/schema.ts'
import { searchPrompts } from '../db/search-prompts.ts'

const COUNT = 700
const INSERT = `
  insert into prompts (id, title, content, description, user_id, username, created_at)
  select uuidv7(), 'Title ' || i, 'C', '京都で', gen_random_uuid(), 'user', now() - i * interval '1 minute'
  from generate_series($1::integer, $2::integer) i`

let database: TestDatabase
let orm: MikroORM
let pool: Pool
let sql: Sql

// Past the service, whose own job would refresh at any time.
beforeAll(async () => {
  database = await testDatabase()
  orm = await MikroORM.init({
    ...ormOptions(schema, database.url, createLogger('test', 'silent'), {}),
    extensions: [Migrator],
  })
  pool = new Pool({ connectionString: database.url, max: 2 })
  sql = createSql(pool)
})
afterAll(async () => {
  await pool.end()
  await orm.close(true)
  await database.drop()
})

const anywhere = { userId: undefined, isOwn: false, category: undefined, tag: undefined, isPublic: undefined }
const find = async (term: string) => await searchPrompts(sql, [term], anywhere, undefined, 101)
const due = async () => (await database.query('select from prompts where search_revision <> revision')).length

test('prompts from before the search are found after the deploy, in the order of their creation', async () => {
  await orm.migrator.up({ to: '20261126060000-authors' })
  await database.query(INSERT, [1, COUNT])
  await orm.migrator.up()
  expect(await due()).toBe(COUNT)
  // The earlier version of the service still runs.
  await database.query(INSERT, [0, 0])
  await refreshSearch(sql)
  expect(await due()).toBe(0)
  expect((await find('京都')).count).toBe(COUNT + 1)
  const [row] = await database.query(`
    select count(*)::integer as wrong from (select ordinal < lead(ordinal) over (order by created_at desc) as wrong from prompts) o
    where wrong`)
  expect(row).toEqual({ wrong: 0 })
})

test('a prompt that the earlier version changes is found by what it says then', async () => {
  await database.query(`update prompts set title = 'Heron', revision = revision + 1 where title = 'Title 3'`)
  expect((await find('heron')).count).toBe(0)
  await refreshSearch(sql)
  expect((await find('heron')).rows.map(({ title }) => title)).toEqual(['Heron'])
  expect((await find('3')).count).toBe(0)
})

test('what was interrupted goes on', async () => {
  await database.query('update prompts set search_revision = 0')
  const aborted = new AbortController()
  aborted.abort()
  await refreshSearch(sql, aborted.signal)
  expect(await due()).toBe(COUNT + 1)
  const interrupting: Sql = async (query, params) => {
    if ((await due()) < 500) throw new Error('interrupted')
    return sql(query, params)
  }
  await expect(refreshSearch(interrupting)).rejects.toThrow('interrupted')
  expect(await due()).toBeGreaterThan(0)
  await refreshSearch(sql)
  expect(await due()).toBe(0)
})
