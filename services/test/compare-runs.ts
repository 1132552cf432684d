import { SuiteComparison_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { type CaseCounts, caseVerdict } from './suite.ts'

/** A case of a run, by its name. */
export type NamedCase = CaseCounts & { name: string }

/** Fewer cases that differ cannot be beyond chance: five one way have p = 0.0625. */
const LEAST_DISCORDANT = 6

/** What is beyond chance. */
const SIGNIFICANT = 0.05

/** What the second of two runs says against the first: an exact two-sided McNemar test of the cases that both have. */
export function compareRuns(from: readonly NamedCase[], to: readonly NamedCase[]) {
  const before = majorities(from)
  const after = majorities(to)
  const names = [...new Set([...before.keys(), ...after.keys()])]
  const of = (passed: boolean, passes: boolean) =>
    names.filter((name) => before.get(name) === passed && after.get(name) === passes)
  const fixed = of(false, true)
  const broken = of(true, false)
  return {
    ...beyondChance(fixed.length, broken.length),
    bothPass: of(true, true).length,
    bothFail: of(false, false).length,
    fixed,
    broken,
    leftOut: names.filter((name) => before.get(name) === undefined || after.get(name) === undefined),
  }
}

/** Whether the second of two runs is better, in so many cases, than the first, in so many others: by an exact two-sided test at 5 %. */
export function beyondChance(better: number, worse: number): { outcome: Outcome; pValue: number } {
  const pValue = exactMcNemar(better, worse)
  if (better + worse < LEAST_DISCORDANT) return { outcome: Outcome.INSUFFICIENT, pValue }
  if (pValue > SIGNIFICANT) return { outcome: Outcome.NO_DIFFERENCE, pValue }
  return { outcome: better > worse ? Outcome.BETTER : Outcome.WORSE, pValue }
}

/** Whether most repeats of each case passed; undefined when as many did not, or when one could not be done. */
function majorities(cases: readonly NamedCase[]): Map<string, boolean | undefined> {
  const majority = (one: NamedCase) => {
    const verdict = caseVerdict(one)
    if (verdict === undefined || verdict === 'INCONCLUSIVE' || one.passes * 2 === one.repeats) return undefined
    return one.passes * 2 > one.repeats
  }
  return new Map(cases.map((one) => [one.name, majority(one)]))
}

/** The probability of so uneven a split of `a + b`, or a more uneven one, when each half is as likely. */
export function exactMcNemar(a: number, b: number): number {
  const n = a + b
  if (n === 0) return 1
  // In logarithms: 500 cases are too many for the powers of two of a double.
  let term = -n * Math.LN2
  let tail = 0
  for (let k = 0; k <= Math.min(a, b); k += 1) {
    tail += Math.exp(term)
    term += Math.log((n - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}
