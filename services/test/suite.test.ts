import { describe, expect, test } from '@jest/globals'
import { SuiteComparison_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { compareRuns, exactMcNemar } from './compare-runs.ts'
import { allPass, caseVerdict, runVerdict } from './suite.ts'

const counts = (passes: number, failures = 0, errors = 0) => ({
  repeats: passes + failures + errors,
  passes,
  failures,
  errors,
})
const rated = (passes: number, failures = 0, errors = 0, more: { optional?: boolean; weight?: number } = {}) => ({
  ...counts(passes, failures, errors),
  optional: false,
  weight: 1,
  ...more,
})

describe('a case', () => {
  test('passes when each repeat does, fails when each does, else is flaky', () => {
    expect([caseVerdict(counts(3)), caseVerdict(counts(0, 3)), caseVerdict(counts(2, 1))]).toEqual([
      'STABLE_PASS',
      'STABLE_FAIL',
      'FLAKY',
    ])
  })
  test('has no verdict while a repeat has not ended, and none that counts when one could not be done', () => {
    expect(caseVerdict({ ...counts(2), repeats: 3 })).toBeUndefined()
    expect([caseVerdict(counts(2, 0, 1)), caseVerdict(counts(0, 2, 1))]).toEqual(['INCONCLUSIVE', 'INCONCLUSIVE'])
  })
  test('of four repeats with three passes: C(3, m) / C(4, m)', () => {
    expect(allPass(counts(3, 1)).map((chance) => Math.round(chance * 1e9) / 1e9)).toEqual([0.75, 0.5, 0.25, 0])
    expect(allPass(counts(2))).toEqual([1, 1])
  })
})

describe('a run', () => {
  test('passes when every required case always passes and the share reaches the threshold', () => {
    expect(runVerdict([rated(2), rated(2)], 1)).toEqual({ verdict: 'PASS', passRate: 1 })
    expect(runVerdict([rated(2), rated(1, 1)], 0.5)).toEqual({ verdict: 'FAIL', passRate: 0.75 })
  })
  test('an optional case counts in the share only, by its weight', () => {
    const cases = [rated(1), rated(0, 1, 0, { optional: true, weight: 3 })]
    expect(runVerdict(cases, 0.25)).toEqual({ verdict: 'PASS', passRate: 0.25 })
    expect(runVerdict(cases, 0.26).verdict).toBe('FAIL')
  })
  test('a share that is the threshold but for rounding reaches it', () => {
    const cases = [
      rated(1, 0, 0, { weight: 0.1 }),
      rated(1, 0, 0, { weight: 0.2 }),
      rated(0, 1, 0, { weight: 0.7, optional: true }),
    ]
    expect(runVerdict(cases, 0.3).verdict).toBe('PASS')
  })
  test('what could not be done makes it inconclusive only where it matters', () => {
    expect(runVerdict([rated(1), rated(0, 0, 1)], 1).verdict).toBe('INCONCLUSIVE')
    expect(runVerdict([rated(0, 1), rated(0, 0, 1)], 1).verdict).toBe('FAIL')
    expect(runVerdict([rated(3), rated(0, 0, 1, { optional: true })], 0.5).verdict).toBe('PASS')
  })
})

describe('two runs', () => {
  const run = (passes: number, of: number) =>
    Array.from({ length: of }, (_, n) => ({ name: `case ${n}`, ...(n < passes ? counts(1) : counts(0, 1)) }))

  test('the exact two-sided test, by hand: 2 × (1 + 6) / 64, 2 / 64, 2 / 32', () => {
    expect(exactMcNemar(1, 5)).toBeCloseTo(0.21875, 9)
    expect(exactMcNemar(6, 0)).toBeCloseTo(0.03125, 9)
    expect(exactMcNemar(0, 5)).toBeCloseTo(0.0625, 9)
    expect([exactMcNemar(0, 0), exactMcNemar(250, 250)]).toEqual([1, 1])
  })
  test('six cases one way are beyond chance, five are too few', () => {
    expect(compareRuns(run(2, 10), run(8, 10)).outcome).toBe(Outcome.BETTER)
    expect(compareRuns(run(8, 10), run(2, 10)).outcome).toBe(Outcome.WORSE)
    expect(compareRuns(run(2, 10), run(7, 10)).outcome).toBe(Outcome.INSUFFICIENT)
  })
  test('cases are told by name, and counted by the majority of their repeats', () => {
    const from = [
      { name: 'a', ...counts(2, 1) },
      { name: 'b', ...counts(1, 2) },
      { name: 'tie', ...counts(1, 1) },
      { name: 'only before', ...counts(1) },
      { name: 'error', ...counts(2, 0, 1) },
    ]
    const to = [
      { name: 'b', ...counts(3) },
      { name: 'a', ...counts(3) },
      { name: 'tie', ...counts(2) },
      { name: 'error', ...counts(3) },
    ]
    expect(compareRuns(from, to)).toMatchObject({
      bothPass: 1,
      bothFail: 0,
      fixed: ['b'],
      broken: [],
      leftOut: ['tie', 'only before', 'error'],
      outcome: Outcome.INSUFFICIENT,
    })
  })
})
