import { AssertionResult } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { SuiteRun_Status } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { type Judging, JudgingSettings } from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { shorten } from '../assertions/finding.ts'
import type { JudgedCaseRow, JudgingRow } from '../db/judgings.ts'
import { rateAll, ratePair } from '../judging.ts'
import { MAX_REASON } from './suite-view.ts'

/** A judging with its cases. Reasons quote the responses: they are left out for who may not read both. */
export function toJudging(row: JudgingRow, rows: JudgedCaseRow[], mayReadText: boolean): Judging {
  const asked = rows.filter(({ definition }) => definition.repeats > 0)
  const cases = asked.map(({ definition, judges }) => ratePair(definition, judges.map(toHeard)))
  return {
    judgingId: row.id,
    fromRunId: row.from_run_id,
    toRunId: row.to_run_id,
    settings: JudgingSettings.fromJSON(row.settings),
    status: SuiteRun_Status[row.status],
    ...rateAll(cases, row.status === 'COMPLETED'),
    leftOut: rows.flatMap(({ definition }) => (definition.repeats > 0 ? [] : [definition.name])),
    cases: cases.map((one) => ({ ...one, reason: mayReadText ? shorten(one.reason, MAX_REASON) : '' })),
    testsCount: row.tests_count,
    endedCount: row.ended_count,
    costMicros: BigInt(row.cost_micros),
    createdAt: row.created_at,
    completedAt: row.completed_at ?? undefined,
  }
}

const toHeard = ({ id, repeat, result }: JudgedCaseRow['judges'][number]) => ({
  id,
  repeat,
  result: result ? AssertionResult.fromJSON(result) : undefined,
})
