import { failedPrecondition, invalid, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { getSuiteRun } from '../db/suite-runs.ts'

/** Two runs of the caller's. */
type Two = { fromRunId: string; toRunId: string }

/**
 * The rows of two runs that are to be compared. Throws NOT_FOUND, INVALID_ARGUMENT when they are of different suites, and FAILED_PRECONDITION while
 * one goes on.
 */
export async function runsToCompare({ fromRunId, toRunId }: Two, call: Call) {
  const [from, to] = await Promise.all([readRun(fromRunId, call), readRun(toRunId, call)])
  if (from.suite_id !== to.suite_id)
    throw invalid([{ field: 'to_run_id', description: 'is a run of another suite: compare runs of one suite' }])
  if (from.status === 'RUNNING' || to.status === 'RUNNING')
    throw failedPrecondition('SUITE_RUNS', 'one of the runs has not ended: wait for its end, or cancel it')
  return { from, to }
}

async function readRun(id: string, { sql, caller }: Call) {
  const [row] = await sql(getSuiteRun, { id, userId: caller.userId })
  if (!row) throw notFound('suite run')
  return row
}
