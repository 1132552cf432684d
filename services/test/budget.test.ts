import { expect, test } from '@jest/globals'
import { MAX_UNFINISHED, reserve } from './budget.ts'

const wanted = { seats: 2, micros: 10n, defaultLimit: 100n }
const none = () => ({ unfinished: 0, dailyLimitMicros: null })

test('seats and money are taken together', () => {
  const budget = none()
  const spend = { reserved: 5n, spent: 3n }
  reserve(budget, spend, wanted)
  expect([budget.unfinished, spend]).toEqual([2, { reserved: 15n, spent: 3n }])
})

test('what is reserved and what is spent both count, up to the limit and no further', () => {
  const spend = { reserved: 50n, spent: 40n }
  reserve(none(), spend, wanted)
  expect(spend).toEqual({ reserved: 60n, spent: 40n })
  expect(() => reserve(none(), spend, { ...wanted, micros: 1n })).toThrow('left of your budget')
  expect(spend).toEqual({ reserved: 60n, spent: 40n })
})

test('the user’s own limit counts before the operator’s, also when it is 0', () => {
  const spend = { reserved: 0n, spent: 0n }
  expect(() => reserve({ unfinished: 0, dailyLimitMicros: 9n }, spend, wanted)).toThrow('left of your budget')
  expect(() => reserve({ unfinished: 0, dailyLimitMicros: 0n }, spend, wanted)).toThrow('left of your budget')
  reserve({ unfinished: 0, dailyLimitMicros: 1000n }, spend, { ...wanted, micros: 1000n })
  expect(spend.reserved).toBe(1000n)
})

test('the last seat is taken, and no more', () => {
  const budget = { ...none(), unfinished: MAX_UNFINISHED - 2 }
  const spend = { reserved: 0n, spent: 0n }
  reserve(budget, spend, wanted)
  expect(() => reserve(budget, spend, { ...wanted, seats: 1 })).toThrow('100 tests that have not ended')
  expect([budget.unfinished, spend.reserved]).toEqual([MAX_UNFINISHED, 10n])
})
