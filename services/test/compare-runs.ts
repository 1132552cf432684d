import { SuiteComparison_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/suite.ts'
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
  const pValue = exactMcNemar(fixed.length, broken.length)
  return {
    outcome: outcomeOf(fixed.length, broken.length, pValue),
    pValue,
    bothPass: of(true, true).length,
    bothFail: of(false, false).length,
    fixed,
    broken,
    leftOut: names.filter((name) => before.get(name) === undefined || after.get(name) === undefined),
  }
}

function outcomeOf(fixed: number, broken: number, pValue: number): Outcome {
  if (fixed + broken < LEAST_DISCORDANT) return Outcome.INSUFFICIENT
  if (pValue > SIGNIFICANT) return Outcome.NO_DIFFERENCE
  return fixed > broken ? Outcome.BETTER : Outcome.WORSE
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
