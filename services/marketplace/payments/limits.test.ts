import { describe, expect, test } from '@jest/globals'
import { currencyProblem } from '../money.ts'
import { limitsOf } from './limits.ts'

describe('what the payment provider takes', () => {
  test.each([
    ['USD', 50n, 99_999_999n],
    ['GBP', 30n, 99_999_999n],
    ['CZK', 1500n, 99_999_999n],
    ['IDR', 1n, 999_999_999_999n],
    ['INR', 50n, 999_999_999n],
    ['HUF', 17_500n, 9_999_999_999n],
    // The provider says nothing of it.
    ['UAH', 1n, 99_999_999n],
  ])('in %s is from %s to %s minor units', (currency, least, most) => {
    expect(currencyProblem(currency)).toBeUndefined()
    expect(limitsOf(currency)).toEqual({ least, most })
  })
})
