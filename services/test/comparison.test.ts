import { expect, test } from '@jest/globals'
import { bestOf, type Compared, progressOf } from './comparison.ts'

const compared = (id: string, more: Partial<Compared> = {}): Compared => ({
  id,
  status: 'COMPLETED',
  response_time_ms: 100,
  cost_micros: '10',
  input_tokens: 5,
  output_tokens: 5,
  ...more,
})

test('the best are the fastest, the cheapest, and that of the fewest tokens', () => {
  const tests = [
    compared('a', { response_time_ms: 50, cost_micros: '9007199254740993' }),
    compared('b', { cost_micros: '9007199254740992' }),
    compared('c', { cost_micros: '9007199254740994', output_tokens: 1 }),
  ]
  expect(bestOf(tests)).toEqual({ fastestTestId: 'a', cheapestTestId: 'b', fewestTokensTestId: 'c' })
})

test('of several that are equally good it is the first', () => {
  expect(bestOf([compared('a'), compared('b')])).toEqual({
    fastestTestId: 'a',
    cheapestTestId: 'a',
    fewestTokensTestId: 'a',
  })
})

test('what was not completed is not the best, and what was not counted has no tokens', () => {
  const failed = compared('a', { status: 'FAILED', response_time_ms: 1, cost_micros: '0' })
  const uncounted = compared('b', { input_tokens: null, output_tokens: null })
  expect(bestOf([failed, uncounted])).toEqual({ fastestTestId: 'b', cheapestTestId: 'b', fewestTokensTestId: '' })
  expect(bestOf([failed, compared('c', { status: 'RUNNING' })])).toBeUndefined()
})

test('the progress counts what has ended and what has not', () => {
  const statuses = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'COMPLETED'] as const
  expect(progressOf(statuses.map((status) => ({ status })))).toEqual({ unfinished: 2, completed: 2, failed: 1 })
})
