import { invalid, type Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { Assertion } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { SuiteCase, type SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import type { Asserter } from '../assertions/asserter.ts'
import type { Models } from '../models.ts'
import { MAX_TESTS, withDefaults } from '../suite.ts'
import { attempt, violationsOf } from './every-of.ts'
import { keysOf, rubricsOf } from './judges.ts'
import { ownKey } from './own-key.ts'
import { chooseModel } from './what-to-run.ts'

/** Bytes that the cases of a suite may have together, as JSON: an answer with them is then no larger than 4 MiB. */
const MAX_BYTES = 2 * 1024 * 1024

type Parts = { models: Models; asserter: Asserter }

/**
 * Throws NOT_FOUND when the key that the settings name is not the caller's, FAILED_PRECONDITION when it was revoked, and otherwise
 * INVALID_ARGUMENT that names everything that is wrong with the suite.
 */
export async function checkSuite(
  { models, asserter }: Parts,
  settings: SuiteSettings,
  cases: readonly SuiteCase[],
  call: Call,
) {
  const { caller, signal } = call
  const violations = [
    ...(await problemsOfKeys(settings, cases, call)),
    ...problemsOfModels(models, settings, cases),
    ...problemsOfSize(settings, cases),
    ...problemsOfNames(cases),
    ...(await problemsOfAssertions(cases, (assertion) =>
      asserter.problemsOf(assertion, { owner: caller.userId, signal }),
    )),
  ]
  if (violations.length > 0) throw invalid(violations)
}

async function problemsOfKeys(settings: SuiteSettings, cases: readonly SuiteCase[], call: Call): Promise<Violation[]> {
  const problems: Violation[] = []
  for (const { user, at } of keysOf(settings, cases)) {
    await ownKey(user, call).catch((error: unknown) => problems.push(...violationsOf(error, at)))
  }
  return problems
}

function problemsOfModels(models: Models, settings: SuiteSettings, cases: readonly SuiteCase[]): Violation[] {
  const chosen = [
    attempt(() => chooseModel(models, settings), 'settings.'),
    // It is checked although no rubric may need it now.
    ...(settings.judge ? [attempt(() => chooseModel(models, settings.judge!), 'settings.judge.')] : []),
    ...rubricsOf(settings, cases)
      .filter(({ at }) => !at.startsWith('settings.'))
      .map(({ judge, at }) => attempt(() => chooseModel(models, judge), at)),
  ]
  return chosen.flatMap((one) => ('violations' in one ? one.violations : []))
}

function problemsOfSize(settings: SuiteSettings, cases: readonly SuiteCase[]): Violation[] {
  const tests = (cases.length + rubricsOf(settings, cases).length) * withDefaults(settings).repeats
  const bytes = cases.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(SuiteCase.toJSON(one))), 0)
  const violations: Violation[] = []
  if (tests > MAX_TESTS)
    violations.push({
      field: 'settings.repeats',
      description: `the cases and their judges would make ${tests} tests: at most ${MAX_TESTS} are allowed`,
    })
  if (bytes > MAX_BYTES) violations.push({ field: 'cases', description: 'are together larger than 2 MiB of JSON' })
  return violations
}

function problemsOfNames(cases: readonly SuiteCase[]): Violation[] {
  const first = new Map<string, number>()
  return cases.flatMap(({ name }, index) => {
    const earlier = first.get(name)
    if (earlier === undefined) {
      first.set(name, index)
      return []
    }
    return [{ field: `cases[${index}].name`, description: `is also the name of cases[${earlier}]` }]
  })
}

async function problemsOfAssertions(
  cases: readonly SuiteCase[],
  problemsOf: (assertion: Assertion) => Promise<Violation[]>,
): Promise<Violation[]> {
  const violations: Violation[] = []
  for (const [at, { assertions }] of cases.entries()) {
    for (const [index, assertion] of assertions.entries()) {
      for (const { field, description } of await problemsOf(assertion))
        violations.push({ field: `cases[${at}].assertions[${index}].${field}`, description })
    }
  }
  return violations
}
