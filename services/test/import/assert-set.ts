import type { Assertion } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import type { Check } from './checks.ts'
import { limits } from './limits.ts'
import type { MakeAssertion } from './draft.ts'
import type { Report } from './problems.ts'
import { type Node, numberOf } from './tree.ts'

/** A set of promptfoo, which passes when the share of its assertions that hold, by weight, reaches the threshold. Default: all must hold. */
export type AssertSet = {
  line: number
  threshold: Node | undefined
  /** At least one; weights are above 0. */
  members: { weight: number; make: MakeAssertion }[]
}

/**
 * The assertions of a case that hold exactly when a set passes: all of the set's, or one in their place when any of them is enough and they
 * look for texts. For another set none, with a problem.
 */
export function assertionsOfSet({ line, threshold, members }: AssertSet, report: Report): MakeAssertion[] {
  const all = members.map(({ make }) => make)
  const least = threshold && numberOf(threshold)
  if (threshold && !(least! > 0 && least! <= 1)) {
    report(threshold.line, 'the threshold of an assert-set must be a number above 0, at most 1')
    return all
  }
  const sum = members.reduce((total, { weight }) => total + weight, 0)
  const lightest = Math.min(...members.map(({ weight }) => weight))
  // Without the lightest one it fails: all are needed.
  if (least === undefined || (sum - lightest) / sum < least) return all
  if (lightest / sum >= least) return [makeAny(all, line, report)]
  report(
    line,
    'an assert-set that passes when some of its assertions hold is not supported: only when it needs all of them, or any one',
  )
  return all
}

const makeAny =
  (makes: MakeAssertion[], line: number, report: Report): MakeAssertion =>
  (values) => {
    const assertions = makes.map((make) => make(values))
    if (!assertions.every((one) => one !== undefined)) return undefined
    return (
      anyOf(assertions) ??
      report(
        line,
        `an assert-set of which any assertion is enough can only have contains and contains-any, icontains and icontains-any, or not- of these with -all, of one kind, with at most ${limits().texts} texts of at most ${limits().listed} characters`,
      )
    )
  }

// That one of several texts is missing is the same as that not all of them are there.
const KINDS = [
  ['contains', 'containsAny', 'containsAll'],
  ['icontains', 'icontainsAny', 'icontainsAll'],
] as const

/** One assertion that holds when any of these does. Undefined when there is none. */
function anyOf(assertions: Assertion[]): Assertion | undefined {
  const negate = assertions[0]!.negate
  if (assertions.some((one) => one.negate !== negate)) return undefined
  for (const [one, any, all] of KINDS) {
    const several = negate ? all : any
    const lists = assertions.map(({ check }) => textsOf(check!, one, several))
    if (!lists.every((list) => list !== undefined)) continue
    const texts = lists.flat()
    if (texts.length > limits().texts || texts.some((text) => text.length > limits().listed)) return undefined
    return { negate, check: { $case: several, value: { texts } } }
  }
  return undefined
}

function textsOf(check: Check, one: Check['$case'], several: Check['$case']): string[] | undefined {
  if (check.$case === one) return [check.value as string]
  return check.$case === several ? (check.value as { texts: string[] }).texts : undefined
}
