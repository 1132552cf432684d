import { describe, expect, test } from '@jest/globals'
import { readMoney, toMoney } from './money.ts'

const read = (units: bigint, nanos: number, currencyCode = 'USD') =>
  readMoney('price', { currencyCode, units, nanos }, { least: 50n })

describe('money of a request', () => {
  test.each([
    [19n, 990_000_000, 1999n],
    [0n, 500_000_000, 50n],
    [20n, 0, 2000n],
    [99_999_999n, 990_000_000, 9_999_999_999n],
  ])('of %d units and %d nanos is whole cents', (units, nanos, cents) => {
    expect(read(units, nanos)).toEqual({ cents, currency: 'USD' })
    expect(toMoney(cents, 'USD')).toEqual({ currencyCode: 'USD', units, nanos })
  })

  test.each([
    ['parts of a cent', 19n, 999_000_000],
    ['a billionth', 19n, 1],
    ['as many nanos as a unit', 19n, 1_000_000_000],
    ['more nanos than a unit', 19n, 1_500_000_000],
    ['less than the least', 0n, 490_000_000],
    ['nothing', 0n, 0],
    ['a debt', -50n, 0],
    ['a debt of cents', 0n, -500_000_000],
    ['two signs', 19n, -10_000_000],
    ['more than a column takes', 100_000_000n, 0],
  ])('of %s is a violation', (_, units, nanos) => {
    expect(read(units, nanos).problems).toMatchObject([{ field: 'price' }])
  })

  test('may be wrong in its amount and in its currency, and then both are named', () => {
    expect(read(-1n, 0, 'JPY').problems).toMatchObject([{ field: 'price.currency_code' }, { field: 'price' }])
  })
})
