import { idOfCreated } from '#chassis/db/idempotency.ts'
import { aborted, invalid } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { type Suite, SuiteCase, SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import type { RunSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import type { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import type { Deps } from '../context.ts'
import { SuiteRun, SuiteRunCase } from '../db/suite.entity.ts'
import { suiteToChange } from '../db/suite-to-change.ts'
import type { Models } from '../models.ts'
import { MAX_TEXT_BYTES, withDefaults } from '../suite.ts'
import type { SuiteTest } from '../admit-many.ts'
import { mostBytes, shownOf } from '../judge.ts'
import { everyOf } from './every-of.ts'
import { getSuite } from './get-suite.ts'
import { getSuiteRun } from './get-suite-run.ts'
import { checkKeys, rubricsOf } from './judges.ts'
import { chooseModel, readVersion, textToRun } from './what-to-run.ts'

export const runSuite =
  ({ models, admission, remote, suites }: Pick<Deps, 'models' | 'admission' | 'remote' | 'suites'>) =>
  async ({ suiteId, which }: RunSuiteRequest, call: Call) => {
    const { userId } = call.caller
    const suite = (await getSuite({ suiteId }, call)).suite
    const version = await readVersion(remote, { promptId: suite.promptId, which }, call)
    await checkKeys(suite.settings!, suite.cases, call)
    const { repeats } = withDefaults(suite.settings!)
    const tests = testsOf(suite, version, models, repeats)
    const admit = await admission.suiteTests(tests)
    const runId = await idOfCreated(call, async (id, em, emit, now) => {
      const present = await suiteToChange(em, suiteId, userId)
      if (String(present.revision) !== suite.etag)
        throw aborted('CONCURRENT_CHANGE', 'the suite was changed meanwhile: repeat the request')
      em.create(SuiteRun, {
        id,
        suite: suiteId,
        casesRevision: suite.revision,
        promptId: suite.promptId,
        userId,
        promptVersion: version.version,
        contentHash: version.contentHash,
        settings: SuiteSettings.toJSON(suite.settings!) as object,
        status: 'RUNNING',
        testsCount: tests.length * repeats,
        createdAt: now,
      })
      for (const [position, one] of suite.cases.entries())
        em.create(SuiteRunCase, { run: id, position, definition: SuiteCase.toJSON(one) as object })
      await admit({ em, emit, now, userId }, id, tests, repeats)
    })
    suites.advance(runId)
    return getSuiteRun({ remote })({ runId }, call)
  }

/**
 * The tests of a suite with the texts of a version: those of its cases, and those of the judges that these may need. Throws INVALID_ARGUMENT
 * that names all models that are not there, or all values that do not fit the version.
 */
function testsOf({ settings, cases }: Suite, version: Version, models: Models, repeats: number): SuiteTest[] {
  const rubrics = rubricsOf(settings!, cases)
  const [chosen, ...judges] = everyOf(
    [settings!, ...rubrics.map(({ judge }) => judge)],
    (choice) => ({ ...chooseModel(models, choice), keyId: choice.keyId ?? null }),
    (index) => (index === 0 ? 'settings.' : rubrics[index - 1]!.at),
  )
  const tests = everyOf(
    cases,
    ({ name, values }, casePosition) => ({
      ...chosen!,
      ...textToRun(version, values),
      kind: 'CASE' as const,
      casePosition,
      caseName: name,
      assertionPosition: null,
    }),
    (index) => `cases[${index}].`,
  )
  const bytes = tests.reduce((sum, { text }) => sum + Buffer.byteLength(text) * repeats, 0)
  if (bytes > MAX_TEXT_BYTES)
    throw invalid([{ field: 'suite_id', description: 'the texts of all its tests are together longer than 32 MiB' }])
  const shown = shownOf(chosen!.maxTokens)
  const ofJudges = rubrics.map(({ rubric, casePosition, caseName, assertionPosition }, index) => ({
    ...judges[index]!,
    promptId: version.promptId,
    version: version.version,
    contentHash: version.contentHash,
    text: '',
    values: {},
    retryOf: null,
    kind: 'JUDGE' as const,
    casePosition,
    caseName,
    assertionPosition,
    mostBytes: mostBytes(rubric, shown),
  }))
  return [...tests, ...ofJudges]
}
