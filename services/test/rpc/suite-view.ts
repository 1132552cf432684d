import {
  CaseResult_Verdict,
  type CaseResult,
  type Judgement,
  type Suite,
  SuiteCase,
  type SuiteRun,
  SuiteRun_Status,
  SuiteRun_Verdict,
  SuiteSettings,
} from '#contracts/gen/promptforge/test/v1/suite.ts'
import { AssertionResult } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { shorten } from '../assertions/finding.ts'
import { unjudged } from '../judge.ts'
import type { RunCaseRow, SuiteRunRow } from '../db/suite-runs.ts'
import type { SuiteRow } from '../db/suites.ts'
import { allPass, caseVerdict, ratedCase } from '../suite.ts'

/** UTF-16 units of a judge's reason: those of 5,000 tests fit into an answer of 4 MiB. */
export const MAX_REASON = 200

type Judged = RunCaseRow['judgements'][number]

/** A suite in a list. */
export const toListedSuite = (row: SuiteRow): Suite => ({
  suiteId: row.id,
  promptId: row.prompt_id,
  userId: row.user_id,
  name: row.name,
  description: row.description ?? '',
  settings: SuiteSettings.fromJSON(row.settings),
  cases: [],
  casesCount: row.cases_count,
  revision: row.cases_revision,
  etag: String(row.revision),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

/** A suite with its cases. */
export const toSuite = (row: SuiteRow, cases: { definition: object }[]): Suite => ({
  ...toListedSuite(row),
  cases: cases.map(({ definition }) => SuiteCase.fromJSON(definition)),
})

/** A run in a list. */
export const toListedRun = (row: SuiteRunRow): SuiteRun => ({
  runId: row.id,
  suiteId: row.suite_id,
  suiteRevision: row.cases_revision,
  promptId: row.prompt_id,
  promptVersion: row.prompt_version,
  contentHash: row.content_hash,
  userId: row.user_id,
  settings: SuiteSettings.fromJSON(row.settings),
  status: SuiteRun_Status[row.status],
  verdict: SuiteRun_Verdict[row.verdict ?? 'UNSPECIFIED'],
  passRate: row.pass_rate ?? undefined,
  testsCount: row.tests_count,
  endedCount: row.ended_count,
  costMicros: BigInt(row.cost_micros),
  cases: [],
  createdAt: row.created_at,
  completedAt: row.completed_at ?? undefined,
})

/** A run with its cases. Reasons quote the response: they are left out for who may not read it. */
export const toRun = (row: SuiteRunRow, cases: RunCaseRow[], mayReadText: boolean): SuiteRun => ({
  ...toListedRun(row),
  cases: cases.map((one) => toCaseResult(one, mayReadText)),
})

function toCaseResult(row: RunCaseRow, mayReadText: boolean): CaseResult {
  const { name, optional, weight, repeats: _, reason, test_ids: testIds, judgements, ...counts } = ratedCase(row)
  const verdict = caseVerdict(row)
  return {
    name,
    optional,
    weight,
    verdict: CaseResult_Verdict[verdict ?? 'UNSPECIFIED'],
    ...counts,
    allPass: verdict === undefined || verdict === 'INCONCLUSIVE' ? [] : allPass(row),
    reason: (mayReadText && reason) || '',
    testIds,
    judgements: judgements.map((one) => toJudgement(one, mayReadText)),
  }
}

function toJudgement({ id, repeat, assertion, result, error }: Judged, mayReadText: boolean): Judgement {
  const { outcome, score, reason } = result ? AssertionResult.fromJSON(result) : unjudged(error ?? '', id)
  const shown = mayReadText ? shorten(reason, MAX_REASON) : ''
  return { judgeTestId: id, repeat, assertion, outcome, score, reason: shown }
}
