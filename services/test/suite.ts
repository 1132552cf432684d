import { SuiteCase, type SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'

/** Tests that one run may have. */
export const MAX_TESTS = 5000

/** Bytes that the texts of all tests of a run, or of a judging, may have together. */
export const MAX_TEXT_BYTES = 32 * 1024 * 1024

/** What came of the repeats of a case. */
export type CaseCounts = {
  /** Repeats that there are. */
  repeats: number
  passes: number
  failures: number
  errors: number
}

/** What came of a case; undefined while a repeat has not ended. */
export type CaseVerdict = 'STABLE_PASS' | 'STABLE_FAIL' | 'FLAKY' | 'INCONCLUSIVE' | undefined

/** What came of a run. */
export type RunVerdict = 'PASS' | 'FAIL' | 'INCONCLUSIVE'

/** Settings with their defaults. */
export type FullSettings = SuiteSettings & { repeats: number; threshold: number }

/** Puts the defaults in. */
export const withDefaults = (settings: SuiteSettings): FullSettings => ({
  ...settings,
  repeats: settings.repeats || 1,
  threshold: settings.threshold ?? 1,
})

/** What came of a case. */
export function caseVerdict({ repeats, passes, failures, errors }: CaseCounts): CaseVerdict {
  if (passes + failures + errors < repeats) return undefined
  if (errors > 0) return 'INCONCLUSIVE'
  if (passes === repeats) return 'STABLE_PASS'
  return passes === 0 ? 'STABLE_FAIL' : 'FLAKY'
}

/** How likely it is that 1, 2, 3 … repeats, chosen from these, all passed. */
export function allPass({ repeats, passes }: CaseCounts): number[] {
  const chances: number[] = []
  let chance = 1
  for (let chosen = 0; chosen < repeats; chosen += 1) {
    chance *= Math.max(0, passes - chosen) / (repeats - chosen)
    chances.push(chance)
  }
  return chances
}

/** A case of a run that has ended. */
export type RatedCase = CaseCounts & { optional: boolean; weight: number }

/** A case of a run, from what is stored of it. */
export const ratedCase = <T extends CaseCounts & { definition: object }>({ definition, ...rest }: T) => {
  const { name, optional, weight = 1 } = SuiteCase.fromJSON(definition)
  return { ...rest, name, optional, weight }
}

/** The share of passes, weighted; `errors` says how many of the repeats that could not be done count as passes: all or none. */
function rateOf(cases: readonly RatedCase[], errors: 'pass' | 'fail'): number {
  const passed = (one: RatedCase) => one.passes + (errors === 'pass' ? one.errors : 0)
  const reached = cases.reduce((sum, one) => sum + (one.weight * passed(one)) / one.repeats, 0)
  return reached / cases.reduce((sum, { weight }) => sum + weight, 0)
}

// 0.1 + 0.2 is not 0.3: a share that is the threshold but for the last bits reaches it.
const EPSILON = 1e-9

/**
 * What came of a run whose tests have all ended, and its share of passes. It passes when every case that is not optional passed in each repeat
 * and the share reaches the threshold. Where that depends on what the tests that could not be done would have been, it is inconclusive.
 */
export function runVerdict(cases: readonly RatedCase[], threshold: number): { verdict: RunVerdict; passRate: number } {
  const passes = (errors: 'pass' | 'fail') => {
    const isPassed = (one: RatedCase) => one.failures === 0 && (errors === 'pass' || one.errors === 0)
    return cases.every((one) => one.optional || isPassed(one)) && rateOf(cases, errors) >= threshold - EPSILON
  }
  const passRate = rateOf(cases, 'fail')
  if (passes('fail')) return { verdict: 'PASS', passRate }
  return { verdict: passes('pass') ? 'INCONCLUSIVE' : 'FAIL', passRate }
}

/** For how long a verdict opens a gate, milliseconds. */
const GATE_MS = 30 * 86_400_000

/** Whether a run lets the version that it tested pass. */
export const opensGate = ({ verdict, completed_at: at }: { verdict: RunVerdict; completed_at: Date }, now: Date) =>
  verdict === 'PASS' && now.getTime() - at.getTime() <= GATE_MS
