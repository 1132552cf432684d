import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { amountText, currencyProblem, feeOf, minorOf, readAmount } from './money.ts'

const MAX = 9_999_999_999n

describe('an amount of a request', () => {
  test.each([
    ['19.99', 1_999n],
    ['19.9', 1_990n],
    ['19', 1_900n],
    ['0.01', 1n],
    ['0.1', 10n],
    ['99999999.99', MAX],
  ])('%s is %i minor units', (text, minor) => {
    expect(readAmount(text, 1n)).toEqual({ minor })
  })

  test.each([
    '',
    ' ',
    '-50',
    '+1',
    '1e3',
    '1E3',
    '0x10',
    '1,000.00',
    '19,99',
    ' 1',
    '1 ',
    '1\n',
    '1 000',
    '.5',
    '1.',
    '1.2.3',
    '01',
    '00',
    '00.50',
    '-0',
    'NaN',
    'Infinity',
    '$5',
    '5 USD',
    '１',
    '١',
    '1_000',
    'null',
  ])('%j is none', (text) => {
    expect(readAmount(text, 0n)).toEqual({ problem: expect.stringContaining('must be an amount such as 19.99') })
  })

  test.each(['19.999', '0.001', '1.000', `1.${'0'.repeat(100_000)}`])('has no parts of a cent', (text) => {
    expect(readAmount(text, 0n)).toEqual({ problem: 'must have at most two decimals: parts of a cent cannot be paid' })
  })

  test.each(['100000000', '100000000.00', '999999999999', '9'.repeat(100_000)])('is at most 99,999,999.99', (text) => {
    expect(readAmount(text, 0n)).toEqual({ problem: 'must be at most 99999999.99' })
  })

  test('is at least what it has to be', () => {
    expect(readAmount('0.49', 50n)).toEqual({ problem: 'must be at least 0.50' })
    expect(readAmount('0', 1n)).toEqual({ problem: 'must be at least 0.01' })
    expect(readAmount('0.50', 50n)).toEqual({ minor: 50n })
    expect(readAmount('0.00', 0n)).toEqual({ minor: 0n })
  })

  test('is the same after it was written and read', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX }), (minor) => {
        expect(readAmount(amountText(minor), 0n)).toEqual({ minor })
        expect(minorOf(amountText(minor))).toBe(minor)
      }),
    )
  })

  test('is read exactly as its digits say, or not at all', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', '0', '1', '9', '.', ',', '-', '+', 'e', ' ') }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const read = readAmount(text, 0n)
        if (read.problem !== undefined) return
        expect(Number(text)).toBe(Number(read.minor) / 100)
        expect(amountText(read.minor)).toMatch(new RegExp(`^${text.replace('.', '\\.')}(\\.0)?0*$`))
      }),
      { numRuns: 2000 },
    )
  })
})

test('a column of money is read exactly; what none of ours contains is an error', () => {
  expect(minorOf('19.99')).toBe(1_999n)
  expect(minorOf('0.00')).toBe(0n)
  for (const column of ['', '-19.99', '19.999', 'NaN']) {
    expect(() => minorOf(column)).toThrow(`a column of money contains ${JSON.stringify(column)}`)
  }
})

test('what a seller owes is shown with a minus', () => {
  expect(amountText(-1_599n)).toBe('-15.99')
  expect(amountText(-1n)).toBe('-0.01')
  expect(amountText(0n)).toBe('0.00')
})

describe('a currency', () => {
  test.each(['USD', 'EUR', 'GBP', 'CHF', 'INR', 'HUF', 'TWD', 'ZMW'])('%s can be charged', (code) => {
    expect(currencyProblem(code)).toBeUndefined()
  })

  // ISO 4217 gives MGA two decimals and Stripe none; with ISK and UGX it is the other way round.
  test.each(['JPY', 'KRW', 'CLP', 'VND', 'XOF', 'MGA', 'ISK', 'UGX'])('%s has no decimals and is refused', (code) => {
    expect(currencyProblem(code)).toBe(`must be a currency with two decimals, such as USD: ${code} has none`)
  })

  test.each(['KWD', 'BHD', 'JOD', 'OMR', 'TND'])('%s has three decimals and is refused', (code) => {
    expect(currencyProblem(code)).toBe(`must be a currency with two decimals, such as USD: ${code} has three`)
  })

  test.each(['', 'usd', 'Usd', ' USD', 'USD\n', 'US', 'USDT', 'XXX', 'XAU', 'BGN', 'ABC', 'constructor'])(
    '%j is none and is refused',
    (code) => {
      expect(currencyProblem(code)).toContain('must be the ISO 4217 code')
    },
  )

  test('is known to others than us', () => {
    const codes = Array.from({ length: 26 ** 3 }, (_, n) => n.toString(26).padStart(3, '0'))
      .map((digits) => Array.from(digits, (digit) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[Number.parseInt(digit, 26)]).join(''))
      .filter((code) => currencyProblem(code) === undefined)
    expect(codes.length).toBeGreaterThan(100)
    const known = new Set(Intl.supportedValuesOf('currency'))
    expect(codes.filter((code) => !known.has(code))).toEqual([])
  })
})

describe('the fee', () => {
  test.each([
    [1_999n, 2_000, 400n],
    [1n, 2_000, 0n],
    [2n, 2_000, 0n],
    // Half a cent is rounded up.
    [25n, 200, 1n],
    [24n, 200, 0n],
    [1_999n, 0, 0n],
    [1_999n, 10_000, 1_999n],
    [MAX, 2_000, 2_000_000_000n],
  ])('of %i minor units at %i hundredths of a per cent is %i', (amount, bps, fee) => {
    expect(feeOf(amount, bps)).toBe(fee)
  })

  test('is a part of the amount, and nearer to the exact share than half a unit', () => {
    const bps = fc.integer({ min: 0, max: 10_000 })
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: MAX }), bps, (amount, share) => {
        const fee = feeOf(amount, share)
        expect(fee >= 0n && fee <= amount).toBe(true)
        const error = fee * 10_000n - amount * BigInt(share)
        expect(error > -5_000n && error <= 5_000n).toBe(true)
      }),
    )
  })

  test.each([-1, 10_001, Number.NaN, 0.5])('is never a share of %d hundredths of a per cent', (bps) => {
    expect(() => feeOf(100n, bps)).toThrow(RangeError)
  })
})
