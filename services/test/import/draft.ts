import type { Assertion } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import type { SuiteCase } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { LINE } from '#chassis/texts.ts'
import { limits } from './limits.ts'
import { quoted, type Report, shortened } from './problems.ts'

/** The values of one name: several make a case each. */
export type Variable = { name: string; line: number; texts: string[] }

/** An assertion, once the values of the case are known. Undefined, with a problem, when it has one. */
export type MakeAssertion = (values: ReadonlyMap<string, string>) => Assertion | undefined

/** A test of a file, before its values are chosen. An empty name is none. */
export type Draft = {
  line: number
  name: string
  variables: Variable[]
  assertions: MakeAssertion[]
  optional: boolean
  weight: number | undefined
}

/** Characters of all cases: one value of a file can be in each of them. */
const MAX_TOTAL = 4 * 1024 * 1024

/** The cases of the tests, each with a name of its own. What is too much is left out, with a problem. */
export function casesOf(drafts: Draft[], report: Report): SuiteCase[] {
  const cases: SuiteCase[] = []
  const names = new Set<string>()
  let total = 0
  for (const draft of drafts) {
    if (!isWithinLimits(draft, report)) continue
    for (const values of combinations(draft.variables)) {
      if (cases.length === limits().cases) {
        report(draft.line, `it makes more than ${limits().cases} cases up to here`)
        return cases
      }
      const made = caseOf(draft, values, report)
      if (!made) break
      total += sizeOf(made)
      if (total > MAX_TOTAL) {
        report(draft.line, 'the cases have more than 4 MiB together up to here')
        return cases
      }
      cases.push({ ...made, name: uniqueName(draft.name || `case ${cases.length + 1}`, names) })
    }
  }
  return cases
}

function isWithinLimits({ line, assertions, variables }: Draft, report: Report): boolean {
  if (assertions.length === 0) report(line, 'it asserts nothing')
  if (assertions.length > limits().assertions) report(line, `it has more than ${limits().assertions} assertions`)
  if (variables.length > limits().values) report(line, `it has more than ${limits().values} values`)
  const product = variables.reduce((cases, { texts }) => cases * texts.length, 1)
  if (product > limits().cases) report(line, `its lists of values make more than ${limits().cases} cases`)
  return (
    assertions.length > 0 &&
    assertions.length <= limits().assertions &&
    variables.length <= limits().values &&
    product <= limits().cases
  )
}

/** Every choice of one text for each name; the last name changes first. */
function combinations(variables: Variable[]): Map<string, string>[] {
  let chosen = [new Map<string, string>()]
  for (const { name, texts } of variables)
    chosen = chosen.flatMap((values) => texts.map((text) => new Map(values).set(name, text)))
  return chosen
}

function caseOf(draft: Draft, values: Map<string, string>, report: Report): SuiteCase | undefined {
  const { name, line, optional, weight } = draft
  const problem = LINE.problem(name)
  if (problem !== undefined) return report(line, `the name ${quoted(name)} ${problem}`)
  const assertions = draft.assertions.map((make) => make(values))
  if (!assertions.every((assertion) => assertion !== undefined)) return undefined
  return { name, values: Object.fromEntries(values), assertions, optional, weight }
}

function sizeOf({ values, assertions }: SuiteCase): number {
  const ofValues = Object.entries(values).reduce((sum, [name, text]) => sum + name.length + text.length, 0)
  const text = JSON.stringify(assertions, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return ofValues + text.length
}

/** A name for it in one line of at most 100 characters. */
export const nameOf = (description: string) => shortened(LINE.read(description.replace(/\s+/g, ' ')), limits().name)

function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let count = 2; taken.has(unique); count++) {
    const suffix = ` (${count})`
    unique = `${shortened(name, limits().name - suffix.length)}${suffix}`
  }
  taken.add(unique)
  return unique
}
