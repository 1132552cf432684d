import { failedPrecondition, invalid, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CompareSuiteRunsRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { compareRuns } from '../compare-runs.ts'
import { getSuiteRun, listRunCases } from '../db/suite-runs.ts'
import { ratedCase } from '../suite.ts'

export const compareSuiteRuns = async ({ fromRunId, toRunId }: CompareSuiteRunsRequest, call: Call) => {
  const [from, to] = await Promise.all([readRun(fromRunId, call), readRun(toRunId, call)])
  if (from.suite_id !== to.suite_id)
    throw invalid([{ field: 'to_run_id', description: 'is a run of another suite: compare runs of one suite' }])
  if (from.status === 'RUNNING' || to.status === 'RUNNING')
    throw failedPrecondition('SUITE_RUNS', 'one of the runs has not ended: wait for its end, or cancel it')
  return { comparison: { fromRunId, toRunId, ...compareRuns(from.cases, to.cases) } }
}

async function readRun(id: string, { sql, caller }: Call) {
  const [row] = await sql(getSuiteRun, { id, userId: caller.userId })
  if (!row) throw notFound('suite run')
  return { ...row, cases: (await sql(listRunCases, { id })).map(ratedCase) }
}
