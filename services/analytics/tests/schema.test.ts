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
import { wantedMonths } from '../months.ts'
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

const suffixOf = (month: string) => month.slice(0, 7).replace('-', '_')

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

  test.each(seed.indexes)('has the seed’s index on %s, or one that it leads', (column) => {
    const leads = (definition: string) =>
      definition.startsWith(`btree (${column})`) || definition.startsWith(`btree (${column},`)
    expect(table.indexes.filter(leads)).toHaveLength(1)
  })

  test('has beyond the seed what data.md and the README say, and nothing else', () => {
    expect(table).toEqual({
      columns: { ...seed.columns, ...beyond.columns },
      constraints: [...seed.constraints, ...beyond.constraints].toSorted(),
      indexes: beyond.indexes,
    })
  })

  test('is partitioned by the month of event_time, from the month before this one to two months ahead', async () => {
    const [key] = await database.query(`select pg_get_partkeydef($1::regclass) as key`, [name])
    expect(key).toEqual({ key: 'RANGE (event_time)' })
    const partitions = await database.query<{ name: string; bounds: string }>(
      `select relname as name, pg_get_expr(relpartbound, oid) as bounds from pg_class
      where oid in (select inhrelid from pg_inherits where inhparent = $1::regclass) order by 1`,
      [name],
    )
    const months = wantedMonths(new Date())
    expect(partitions.map((partition) => partition.name)).toEqual([
      ...months.map((month) => `${name}_${suffixOf(month)}`),
      `${name}_default`,
    ])
    for (const [index, month] of months.entries())
      expect(partitions[index]!.bounds).toContain(`FROM ('${month} 00:00:00+00')`)
    expect(partitions.at(-1)!.bounds).toBe('DEFAULT')
  })

  test('has partitions that are like it, with its keys and indexes', async () => {
    for (const suffix of ['default', ...wantedMonths(new Date()).map(suffixOf)]) {
      const partition = await readTable(database, `${name}_${suffix}`)
      // They are in the order of their names, which PostgreSQL chose.
      expect({ ...partition, indexes: partition.indexes.toSorted() }).toEqual(table)
    }
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
      `select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
    )
    expect(tables.map(({ name }) => name)).toEqual([...Object.keys(BEYOND_SEED), 'mikro_orm_migrations'].toSorted())
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
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'i', 'v', 'S')
        and relname not like 'mikro_orm_migrations%'
      union all select proname from pg_proc where pronamespace = 'public'::regnamespace`,
    )
    expect(left).toEqual([])
    expect(await migrate(schema, database.url, log)).toHaveLength(migrations.length)
  })
})
