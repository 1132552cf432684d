import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Migrator } from '@mikro-orm/migrations'
import { type EntitySchema, MikroORM } from '@mikro-orm/postgresql'
import { migrate } from '../db/migrate.ts'
import { ormOptions, type Schema } from '../db/orm.ts'
import { createLogger } from '../logger.ts'
import { readTable, type Table } from './catalog.ts'
import { type TestDatabase, testDatabase } from './database.ts'

/** Every object of the schema that is not MikroORM's. */
const OBJECTS = `
  select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'i', 'v', 'S')
    and relname not like 'mikro_orm_migrations%'
  union all select proname from pg_proc where pronamespace = 'public'::regnamespace`

const TABLES = `
  select relname as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`

/**
 * Tests that a service's database is what the seed, data.md and its README say: `seed` are the seed's tables, each with the columns
 * that it has an index on; `beyond` what these tables have more, and the tables that the seed does not have. Returns the
 * database, for tests of the service's own.
 */
export function describeSchema(
  schema: Schema,
  { seed, beyond }: { seed: Record<string, Table>; beyond: Record<string, Table> },
): () => TestDatabase {
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

  describe.each(Object.entries(seed))('the seed’s table %s', (name, { columns, constraints, indexes }) => {
    const more = beyond[name]!
    const names = Object.keys(columns)
    let table: Table

    beforeAll(async () => {
      table = await readTable(database, name)
    })

    test('has the seed’s columns, in its order: types, defaults, what may be null', () => {
      expect(Object.fromEntries(Object.entries(table.columns).slice(0, names.length))).toEqual(columns)
      expect(Object.keys(table.columns).slice(0, names.length)).toEqual(names)
    })

    test('has the seed’s constraints', () => {
      expect(table.constraints).toEqual(expect.arrayContaining(constraints))
    })

    test('has the seed’s indexes: each a unique constraint’s, or one that its columns lead', () => {
      const unique = table.constraints
        .filter((definition) => definition.startsWith('UNIQUE '))
        .map((definition) => definition.replace('UNIQUE', 'btree'))
      const all = [...table.indexes, ...unique]
      const isLed = (column: string) =>
        all.some(
          (definition) => definition.startsWith(`btree (${column})`) || definition.startsWith(`btree (${column},`),
        )
      expect(indexes.filter((column) => !isLed(column))).toEqual([])
    })

    test('has beyond the seed what data.md and the README say, and nothing else', () => {
      expect(table).toEqual({
        columns: { ...columns, ...more.columns },
        constraints: [...constraints, ...more.constraints].toSorted(),
        indexes: more.indexes,
      })
    })
  })

  describe('the schema', () => {
    test.each(Object.entries(beyond).filter(([name]) => !(name in seed)))('has the table %s', async (name, table) => {
      expect(await readTable(database, name)).toEqual({ ...table, constraints: table.constraints.toSorted() })
    })

    test('has no table that is not expected', async () => {
      const tables = await database.query<{ name: string }>(TABLES)
      expect(tables.map(({ name }) => name)).toEqual([...Object.keys(beyond), 'mikro_orm_migrations'].toSorted())
    })

    const entities = schema.entities as EntitySchema[]
    test.each(entities.map((entity) => [entity.meta.className, entity] as const))(
      'of the entity %s is that of its table',
      async (_, entity) => {
        const { tableName, props } = orm.getMetadata().get(entity)
        const { columns } = await readTable(database, tableName)
        const mapped = props.flatMap(({ fieldNames, nullable, columnTypes }) =>
          fieldNames.map((name, i) => [name, `${spelt(columnTypes[i]!)}${nullable ? '' : ' not null'}`]),
        )
        const stored = Object.entries(columns).map(([name, definition]) => [
          name,
          definition.replace(/ (default|generated) .*/, ''),
        ])
        expect(Object.fromEntries(mapped)).toEqual(Object.fromEntries(stored))
        expect(await orm.em.fork().find(entity, {}, { limit: 1 })).toBeInstanceOf(Array)
      },
    )

    test('goes with `down`, and comes back', async () => {
      await orm.migrator.down({ to: 0 })
      expect(await database.query(OBJECTS)).toEqual([])
      expect(await migrate(schema, database.url, log)).toHaveLength(schema.migrations.length)
    })
  })
  return () => database
}

/** A type of MikroORM as PostgreSQL spells it. */
const spelt = (type: string) => type.replace(/^int$/, 'integer').replace(/^bigserial$/, 'bigint')
