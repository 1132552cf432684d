import { MikroORM } from '@mikro-orm/postgresql'
import { Migrator } from '@mikro-orm/migrations'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { migrate } from '#chassis/db/migrate.ts'
import { ormOptions } from '#chassis/db/orm.ts'
import { createLogger } from '#chassis/logger.ts'
import { readTable, type Table } from '#chassis/testing/catalog.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { entities } from '../db/entities.ts'
import { migrations } from '../db/migrations/index.ts'
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

const pick = <T>(from: Record<string, T>, names: string[]) =>
  Object.fromEntries(names.map((name) => [name, from[name]]))

describe.each(Object.entries(SEED))('the seed’s table %s', (name, seed) => {
  let table: Table
  const beyond = BEYOND_SEED[name]!

  beforeAll(async () => {
    table = await readTable(database, name)
  })

  test('has the seed’s columns, in its order: types, defaults, what may be null', () => {
    const names = Object.keys(seed.columns)
    expect(pick(table.columns, names)).toEqual(seed.columns)
    expect(Object.keys(table.columns).slice(0, names.length)).toEqual(names)
  })

  test('has the seed’s constraints', () => {
    expect(table.constraints).toEqual(expect.arrayContaining(seed.constraints))
  })

  test.each(seed.indexes)('has the seed’s index on %s, or one that it leads', (column) => {
    const leads = (definition: string) =>
      definition.startsWith(`btree (${column})`) || definition.startsWith(`btree (${column},`)
    const unique = table.constraints
      .filter((definition) => definition.startsWith('UNIQUE '))
      .map((definition) => definition.replace('UNIQUE', 'btree'))
    expect([...table.indexes, ...unique].filter(leads)).toHaveLength(1)
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
      expect(await readTable(database, name)).toEqual(table)
    },
  )

  test('has no table that is not expected', async () => {
    const tables = await database.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
    )
    expect(tables.map(({ name }) => name)).toEqual([...Object.keys(BEYOND_SEED), 'mikro_orm_migrations'].toSorted())
  })

  test('leaves room in the pages of prompts for updates in place', async () => {
    const [row] = await database.query(`select reloptions from pg_class where oid = 'prompts'::regclass`)
    expect(row).toEqual({ reloptions: ['fillfactor=90'] })
  })

  test.each(entities.map((entity) => [entity.meta.className, entity] as const))(
    'of the entity %s is that of its table',
    async (_, entity) => {
      const { tableName, props } = orm.getMetadata().get(entity as never)
      const table = await readTable(database, tableName)
      const mapped = props.flatMap(({ fieldNames, nullable }) => fieldNames.map((name) => [name, !nullable]))
      const stored = Object.entries(table.columns).map(([name, definition]) => [name, definition.includes('not null')])
      expect(Object.fromEntries(mapped)).toEqual(Object.fromEntries(stored))
      expect(await orm.em.fork().find(entity as never, {}, { limit: 1 })).toBeInstanceOf(Array)
    },
  )

  test('goes with `down`, and comes back', async () => {
    await orm.migrator.down({ to: 0 })
    const left = await database.query(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i', 'v')
        and relname not like 'mikro_orm_migrations%'
      union all select proname from pg_proc where pronamespace = 'public'::regnamespace`,
    )
    expect(left).toEqual([])
    expect(await migrate(schema, database.url, log)).toHaveLength(migrations.length)
  })
})
