import { expect, test } from '@jest/globals'
import { boundOf, costOf, dollarsOf, settle } from './money.ts'

// $2.50 a million tokens of input, $0.25 read from the cache, $3.75 written to it, $10 of output.
const PRICE = { input: 2_500_000n, cacheRead: 250_000n, cacheWrite: 3_750_000n, output: 10_000_000n }

const usage = (
  tokens: Partial<{ input: number; cacheRead: number; cacheWrite: number; output: number; reasoning: number }>,
) => ({
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  output: 0,
  reasoning: 0,
  raw: {},
  ...tokens,
})

test.each([
  // 1,000 × 2.5 and 500 × 10.
  ['input and output', { input: 1000, output: 500 }, 7_500n],
  // 600 × 2.5 and 400 × 0.25.
  ['input of which a part was cached', { input: 1000, cacheRead: 400 }, 1_600n],
  // 600 × 2.5 and 400 × 3.75.
  ['input of which a part was written to the cache', { input: 1000, cacheWrite: 400 }, 3_000n],
  // 100 × 2.5, 400 × 0.25, 500 × 3.75.
  ['input of all kinds', { input: 1000, cacheRead: 400, cacheWrite: 500 }, 2_225n],
  // Thoughts are output, and are not paid twice.
  ['output with thoughts', { output: 500, reasoning: 300 }, 5_000n],
  // 2.5 millionths are 3, and 0.25 are 1.
  ['a single token', { input: 1 }, 3n],
  ['a single cached token', { input: 1, cacheRead: 1 }, 1n],
  ['nothing', {}, 0n],
])('the cost of %s', (_, tokens, micros) => {
  expect(costOf(PRICE, usage(tokens))).toBe(micros)
})

test('the sum is rounded up, not each class', () => {
  const quarter = { input: 250_000n, cacheRead: 250_000n, cacheWrite: 250_000n, output: 250_000n }
  expect(costOf(quarter, usage({ input: 3, cacheRead: 1, cacheWrite: 1, output: 1 }))).toBe(1n)
})

test('the most that a call can cost counts a token for each byte, 256 more, and the dearest kind of input', () => {
  // (5 + 256) × 3.75 + 100 × 10 = 1,978.75
  expect(boundOf(PRICE, 'hello', 100)).toBe(1_979n)
  expect(boundOf(PRICE, '🦊', 100)).toBe(boundOf(PRICE, 'four', 100))
})

test('no usage of a call costs more than the most, as long as a token covers a byte', () => {
  const prompt = 'x'.repeat(1000)
  const bound = boundOf(PRICE, prompt, 200)
  expect(costOf(PRICE, usage({ input: 1256, cacheWrite: 1256, output: 200 }))).toBe(bound)
})

test.each([
  [0n, '0.0000'],
  [49n, '0.0000'],
  [50n, '0.0000'],
  [51n, '0.0001'],
  [150n, '0.0002'],
  [250n, '0.0002'],
  [12_345_678n, '12.3457'],
])('%i millionths are %s dollars', (micros, dollars) => {
  expect(dollarsOf(micros)).toBe(dollars)
})

test('a call is paid as counted, else as the most that it can cost, and not when it cannot have cost anything', () => {
  const counted = usage({ input: 1000 })
  expect(settle(PRICE, 9_000n, { mayCost: true, usage: counted })).toEqual({ cost: 2_500n, source: 'PROVIDER' })
  expect(settle(PRICE, 9_000n, { mayCost: true, usage: undefined })).toEqual({ cost: 9_000n, source: 'ESTIMATED' })
  expect(settle(PRICE, 9_000n, { mayCost: false, usage: undefined })).toEqual({ cost: 0n, source: null })
})
