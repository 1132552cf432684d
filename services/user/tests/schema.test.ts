import { randomUUID } from 'node:crypto'
import { MikroORM } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { migrate } from '#chassis/db/migrate.ts'
import { ormOptions } from '#chassis/db/orm.ts'
import { createLogger } from '#chassis/logger.ts'
import { readTable, type Table } from '#chassis/testing/catalog.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { entities } from '../db/entities.ts'
import { schema } from '../db/schema.ts'

import { BEYOND_SEED, SEED } from './expected-schema.ts'

const log = createLogger('test', 'silent')
let database: TestDatabase
let orm: MikroORM

beforeAll(async () => {
  database = await testDatabase(schema)
  orm = await MikroORM.init({ ...ormOptions(schema, database.url, log, {}), extensions: [Migrator] })
})
afterAll(async () => {
  await orm.close(true)
  await database.drop()
})

describe.each(Object.entries(SEED))('the seed’s table %s', (name, seed) => {
  let table: Table
  const beyond = BEYOND_SEED[name]!
  const names = Object.keys(seed.columns)

  beforeAll(async () => {
    table = await readTable(database, name)
  })

  test('has the seed’s columns, in its order: types, defaults, what may be null', () => {
    expect(Object.fromEntries(Object.entries(table.columns).slice(0, names.length))).toEqual(seed.columns)
    expect(Object.keys(table.columns).slice(0, names.length)).toEqual(names)
  })

  test('has the seed’s constraints', () => {
    expect(table.constraints).toEqual(expect.arrayContaining(seed.constraints))
  })

  test.each(seed.indexes)('has the seed’s index on %s: a unique constraint’s, or one that it leads', (column) => {
    const unique = table.constraints.includes(`UNIQUE (${column})`)
    const led = table.indexes.some((definition) => definition.startsWith(`btree (${column}, `))
    expect(unique || led).toBe(true)
  })

  test('has beyond the seed what data.md and the README say, and nothing else', () => {
    expect(table).toEqual({
      columns: { ...seed.columns, ...beyond.columns },
      constraints: [...seed.constraints, ...beyond.constraints].toSorted(),
      indexes: beyond.indexes,
    })
  })
})

describe('the schema', () => {
  test.each(Object.entries(BEYOND_SEED).filter(([name]) => !(name in SEED)))(
    'has the table %s',
    async (name, table) => {
      expect(await readTable(database, name)).toEqual({ ...table, constraints: table.constraints.toSorted() })
    },
  )

  test('has no table that is not expected', async () => {
    const tables = await database.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
    )
    expect(tables.map(({ name }) => name)).toEqual([...Object.keys(BEYOND_SEED), 'mikro_orm_migrations'].toSorted())
  })

  test.each(entities.map((entity) => [entity.meta.className, entity] as const))(
    'of the entity %s is that of its table',
    async (_, entity) => {
      const { tableName, props } = orm.getMetadata().get(entity as never)
      const { columns } = await readTable(database, tableName)
      const mapped = props.flatMap(({ fieldNames, nullable, columnTypes }) =>
        fieldNames.map((name, i) => [
          name,
          `${columnTypes[i]}${nullable ? '' : ' not null'}`.replace('int ', 'integer '),
        ]),
      )
      const stored = Object.entries(columns).map(([name, definition]) => [name, definition.replace(/ default .*/, '')])
      expect(Object.fromEntries(mapped)).toEqual(Object.fromEntries(stored))
      expect(await orm.em.fork().find(entity as never, {}, { limit: 1 })).toBeInstanceOf(Array)
    },
  )

  test('lets nobody follow themselves, or somebody twice', async () => {
    const [ann, bob] = [await insertUser('ann'), await insertUser('bob')]
    const follow = (follower: string, following: string) =>
      database.query(
        'insert into user_follows (id, follower_id, following_id, created_at) values ($1, $2, $3, now())',
        [randomUUID(), follower, following],
      )
    await follow(ann, bob)
    await expect(follow(ann, bob)).rejects.toMatchObject({ code: '23505' })
    await expect(follow(ann, ann)).rejects.toMatchObject({ code: '23514' })
    await expect(follow(ann, randomUUID())).rejects.toMatchObject({ code: '23503' })
    await expect(follow(randomUUID(), ann)).rejects.toMatchObject({ code: '23503' })
  })

  test('keeps usernames and e-mail addresses unique whatever their case', async () => {
    await insertUser('carl')
    await expect(insertUser('CARL', 'other@example.org')).rejects.toMatchObject({ code: '23505' })
    await expect(insertUser('other', 'CARL@example.org')).rejects.toMatchObject({ code: '23505' })
  })

  test('goes with `down`, and comes back', async () => {
    await orm.migrator.down({ to: 0 })
    const left = await database.query(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i', 'v')
        and relname not like 'mikro_orm_migrations%'
      union all select proname from pg_proc where pronamespace = 'public'::regnamespace`,
    )
    expect(left).toEqual([])
    expect(await migrate(schema, database.url, log)).toHaveLength(schema.migrations.length)
  })
})

async function insertUser(username: string, email = `${username}@example.org`) {
  const id = randomUUID()
  const text = `insert into users (id, username, email, password, created_at) values ($1, $2, $3, 'x', now())`
  await database.query(text, [id, username, email])
  return id
}
