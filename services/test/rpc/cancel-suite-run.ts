import type { Call } from '#chassis/grpc/call.ts'
import type { CancelSuiteRunRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import type { Deps } from '../context.ts'
import { cancelRun } from '../db/suite-tests.ts'
import { getSuiteRun } from './get-suite-run.ts'

export const cancelSuiteRun = (deps: Pick<Deps, 'remote' | 'suites' | 'worker'>) => {
  const read = getSuiteRun(deps)
  return async ({ runId }: CancelSuiteRunRequest, call: Call) => {
    // What is no run of the caller's is not cancelled.
    await read({ runId }, call)
    await cancelTests(deps, runId, call)
    return read({ runId }, call)
  }
}

/** Cancels the tests of a run, or of a judging, that have not ended, and carries it on. */
export async function cancelTests({ suites, worker }: Pick<Deps, 'suites' | 'worker'>, runId: string, call: Call) {
  const marked = await call.sql(cancelRun, { runId, userId: call.caller.userId })
  for (const { id, status } of marked) if (status === 'RUNNING') worker.cancel(id)
  if (marked.length > 0) suites.advance(runId)
}
