import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Database, openDatabase } from '#chassis/db/orm.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { createLogger } from '#chassis/logger.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { createCategoryNames } from '../db/categories.ts'
import { schema } from '../db/schema.ts'

let database: TestDatabase
let opened: Database
let reads = 0

const sql: Sql = (query, params) => {
  reads += 1
  return opened.sql(query, params)
}

beforeAll(async () => {
  database = await testDatabase(schema)
  opened = await openDatabase(schema, { url: database.url, poolSize: 2 }, createLogger('test', 'silent'))
})
afterAll(async () => {
  await opened.close()
  await database.drop()
})
beforeEach(() => {
  reads = 0
})

/** Runs `later` as if `ms` had passed. Only the clock that is read stands elsewhere; no timer moves. */
async function after<T>(ms: number, later: () => Promise<T>): Promise<T> {
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + ms)
  return later().finally(() => now.mockRestore())
}

describe('the names of categories', () => {
  test('are read once for all who ask at once', async () => {
    const names = createCategoryNames(sql)
    const asked = ['games', 'no-such', 'legal', 'Games'].map((name) => names.has(name))
    expect(await Promise.all(asked)).toEqual([true, false, true, false])
    expect(reads).toBe(1)
  })

  test('are read again after 30 s, and a new one is known then', async () => {
    const names = createCategoryNames(sql)
    expect(await names.has('new')).toBe(false)
    await database.query(`insert into categories (name, title) values ('new', 'New')`)
    expect(await after(29_000, () => names.has('new'))).toBe(false)
    expect(await after(31_000, () => names.has('new'))).toBe(true)
    expect(reads).toBe(2)
  })

  test('are read again after a failure', async () => {
    let isDown = true
    const names = createCategoryNames((query, params) =>
      isDown ? Promise.reject(new Error('down')) : sql(query, params),
    )
    await expect(names.has('games')).rejects.toThrow('down')
    isDown = false
    expect(await names.has('games')).toBe(true)
  })
})
