import { expect, test } from '@jest/globals'
import { lookAtPostgres, tooOld } from './look-postgres.ts'

test('a PostgreSQL below 18 is refused in one sentence, and waiting does not help', () => {
  expect(tooOld(150_004)).toEqual({
    isDown: false,
    message:
      'PostgreSQL is version 15.4, and 18 or newer is needed: upgrade it, or name another one in PF_POSTGRES_URL',
  })
  expect(tooOld(179_999)).toMatchObject({ isDown: false })
  expect(tooOld(180_000)).toBeUndefined()
  expect(tooOld(190_001)).toBeUndefined()
})

test('the PostgreSQL of the tests is new enough', async () => {
  expect(await lookAtPostgres(process.env['PF_TEST_POSTGRES_URL']!)).toBeUndefined()
})
