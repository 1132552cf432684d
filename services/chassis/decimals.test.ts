import { expect, test } from '@jest/globals'
import { decimalText } from './decimals.ts'

test.each([
  [0n, 2, '0.00'],
  [1n, 2, '0.01'],
  [-1n, 2, '-0.01'],
  [99n, 2, '0.99'],
  [1999n, 2, '19.99'],
  [-159_900n, 2, '-1599.00'],
  [9n, 4, '0.0009'],
  [123_457n, 4, '12.3457'],
  [5n, 1, '0.5'],
])('%i units with %i places are %s', (units, places, text) => {
  expect(decimalText(units, places)).toBe(text)
})
