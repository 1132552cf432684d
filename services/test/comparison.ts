import type { ComparisonBest, ComparisonProgress } from '#contracts/gen/promptforge/test/v1/comparison.ts'

/** What a comparison looks at of a test. Costs are text. */
export type Compared = {
  id: string
  status: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED'
  response_time_ms: number | null
  cost_micros: string
  input_tokens: number | null
  output_tokens: number | null
}

/** How far its tests are. */
export function progressOf(tests: readonly Pick<Compared, 'status'>[]): ComparisonProgress {
  const count = (...statuses: Compared['status'][]) => tests.filter(({ status }) => statuses.includes(status)).length
  return { unfinished: count('PENDING', 'RUNNING'), completed: count('COMPLETED'), failed: count('FAILED') }
}

/** The best of the completed tests in each respect; undefined while there is none. */
export function bestOf(tests: readonly Compared[]): ComparisonBest | undefined {
  const completed = tests.filter(({ status }) => status === 'COMPLETED')
  if (completed.length === 0) return undefined
  const tokens = ({ input_tokens: input, output_tokens: output }: Compared) =>
    input === null || output === null ? undefined : input + output
  return {
    fastestTestId: least(completed, (test) => test.response_time_ms ?? undefined),
    cheapestTestId: least(completed, (test) => BigInt(test.cost_micros)),
    fewestTokensTestId: least(completed, tokens),
  }
}

/** The id of the first test of the least value; empty when none has one. */
function least<T extends number | bigint>(tests: Compared[], valueOf: (test: Compared) => T | undefined): string {
  let best: { id: string; value: T } | undefined
  for (const test of tests) {
    const value = valueOf(test)
    if (value !== undefined && (!best || value < best.value)) best = { id: test.id, value }
  }
  return best?.id ?? ''
}
