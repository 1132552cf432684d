import type { EntityManager } from '@mikro-orm/postgresql'
import { invalid, notFound, type Violation } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import type { Judge } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { SuiteSettings } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { JudgingSettings } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import type { JudgeSuiteRunsRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import type { SuiteTest } from '../admit-many.ts'
import type { Deps } from '../context.ts'
import { listAnswers, listJudged, listPairs, sameJudging } from '../db/judgings.ts'
import { SuiteRun, SuiteRunCase } from '../db/suite.entity.ts'
import { getSuite } from '../db/suites.ts'
import type { SuiteRunRow } from '../db/suite-runs.ts'
import { suiteToChange } from '../db/suite-to-change.ts'
import { pairText } from '../judge-pair.ts'
import { type Pair, type PairedCase, pairUp, problemsOfSize } from '../judging.ts'
import type { Models } from '../models.ts'
import { attempt, violationsOf } from './every-of.ts'
import { judgeOf } from './judges.ts'
import { ownKey } from './own-key.ts'
import { readJudging } from './read-judging.ts'
import { mayReadText } from './readable.ts'
import { runsToCompare } from './runs-to-compare.ts'
import { chooseModel } from './what-to-run.ts'

export const judgeSuiteRuns =
  (deps: Pick<Deps, 'models' | 'admission' | 'remote' | 'suites'>) =>
  async ({ fromRunId, toRunId, settings: asked }: JudgeSuiteRunsRequest, call: Call) => {
    const { userId } = call.caller
    const { rubric } = asked!
    const { from, to } = await runsToCompare({ fromRunId, toRunId }, call)
    if (!(await mayReadText(deps.remote, { ...to, compared_version: from.prompt_version }, call)))
      throw notFound('version')
    const judge = asked!.judge ?? (await judgeOfSuite(to.suite_id, call))
    const chosen = await chooseJudge(deps.models, judge, call)
    const { cases, pairs } = pairUp(await call.sql(listPairs, { fromRunId, toRunId }))
    const tooMuch = problemsOfSize(rubric, pairs)
    if (tooMuch.length > 0) throw invalid(tooMuch.map((description) => ({ field: 'to_run_id', description })))
    const settings = JudgingSettings.toJSON({ rubric, judge }) as object
    const admit = await deps.admission.suiteTests([chosen])
    const judgingId = await call.transaction(async (em, emit, now) => {
      await suiteToChange(em, to.suite_id, userId)
      const known = await sameJudging(em, fromRunId, toRunId, settings)
      if (known?.status === 'RUNNING') return known.id
      const judging = known ?? newJudging(em, { ...placeOf(to), settings, fromRunId, toRunId }, cases, now)
      const judged = new Set(known ? await listJudged(em, known.id) : [])
      const missing = pairs.filter(({ casePosition, repeat }) => !judged.has(`${casePosition} ${repeat}`))
      if (known && missing.length === 0) return known.id
      const tests = testsOf(rubric, missing, await listAnswers(em, missing), { ...chosen, ...versionOf(to) })
      Object.assign(judging, { status: 'RUNNING', completedAt: null, testsCount: judging.testsCount + tests.length })
      await em.flush()
      await admit({ em, emit, now, userId }, judging.id, tests, 1)
      return judging.id
    })
    deps.suites.advance(judgingId)
    return { judging: await readJudging(deps, judgingId, call) }
  }

async function judgeOfSuite(id: string, { sql, caller }: Call): Promise<Judge> {
  const [suite] = await sql(getSuite, { id, userId: caller.userId })
  if (!suite) throw notFound('suite')
  return judgeOf(SuiteSettings.fromJSON(suite.settings)).judge
}

/** The model that judges, and how it is called. Throws as `ownKey`, and INVALID_ARGUMENT that names all that is wrong with it. */
async function chooseJudge(models: Models, judge: Judge, call: Call) {
  const at = 'settings.judge.'
  const problems: Violation[] = []
  const note = (error: unknown) => void problems.push(...violationsOf(error, at))
  const keyId = await ownKey(judge, call).catch(note)
  const model = attempt(() => chooseModel(models, judge), at)
  if ('violations' in model) problems.push(...model.violations)
  if (problems.length > 0 || 'violations' in model) throw invalid(problems)
  return { ...model.done, keyId: keyId ?? null }
}

/** Where a judging is: with the second run. */
const placeOf = (to: SuiteRunRow) => ({
  suite: to.suite_id,
  casesRevision: to.cases_revision,
  promptId: to.prompt_id,
  userId: to.user_id,
  promptVersion: to.prompt_version,
  contentHash: to.content_hash,
})

const versionOf = (to: SuiteRunRow) => ({
  promptId: to.prompt_id,
  version: to.prompt_version,
  contentHash: to.content_hash,
})

type Place = ReturnType<typeof placeOf> & { settings: object; fromRunId: string; toRunId: string }

function newJudging(em: EntityManager, place: Place, cases: readonly PairedCase[], now: Date) {
  const judging = em.create(SuiteRun, { ...place, id: newId(), status: 'RUNNING', testsCount: 0, createdAt: now })
  for (const [position, definition] of cases.entries()) em.create(SuiteRunCase, { run: judging, position, definition })
  return judging
}

type Run = Awaited<ReturnType<typeof chooseJudge>> & ReturnType<typeof versionOf>

/** The tests that ask about pairs of answers, each in both orders. */
const testsOf = (rubric: string, pairs: readonly Pair[], answers: Map<string, string>, run: Run): SuiteTest[] =>
  pairs.flatMap(({ fromId, toId, casePosition, caseName, repeat }) =>
    [false, true].map((showsToFirst) => ({
      ...run,
      casePosition,
      caseName,
      repeat,
      kind: 'JUDGE' as const,
      assertionPosition: null,
      showsToFirst,
      text: pairText(rubric, { from: answers.get(fromId)!, to: answers.get(toId)! }, { showsToFirst }),
      values: {},
      retryOf: null,
    })),
  )
