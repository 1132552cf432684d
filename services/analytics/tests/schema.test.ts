import { describe, expect, test } from '@jest/globals'
import { readTable } from '#chassis/testing/catalog.ts'
import { describeSchema } from '#chassis/testing/schema.ts'
import { schema } from '../db/schema.ts'
import { wantedMonths } from '../months.ts'
import { BEYOND_SEED, SEED } from './expected-schema.ts'

const database = describeSchema(schema, { seed: SEED, beyond: BEYOND_SEED })

const suffixOf = (month: string) => month.slice(0, 7).replace('-', '_')

describe.each(Object.keys(SEED))('the table %s', (name) => {
  test('is partitioned by the month of event_time, from the month before this one to two months ahead', async () => {
    const [key] = await database().query(`select pg_get_partkeydef($1::regclass) as key`, [name])
    expect(key).toEqual({ key: 'RANGE (event_time)' })
    const partitions = await database().query<{ name: string; bounds: string }>(
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
    const table = await readTable(database(), name)
    for (const suffix of ['default', ...wantedMonths(new Date()).map(suffixOf)]) {
      const partition = await readTable(database(), `${name}_${suffix}`)
      // They are in the order of their names, which PostgreSQL chose.
      expect({ ...partition, indexes: partition.indexes.toSorted() }).toEqual(table)
    }
  })
})
