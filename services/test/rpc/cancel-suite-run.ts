import type { Call } from '#chassis/grpc/call.ts'
import type { CancelSuiteRunRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Deps } from '../context.ts'
import { cancelRun } from '../db/suite-tests.ts'
import { getSuiteRun } from './get-suite-run.ts'

export const cancelSuiteRun = (deps: Pick<Deps, 'remote' | 'suites' | 'worker'>) => {
  const read = getSuiteRun(deps)
  return async ({ runId }: CancelSuiteRunRequest, call: Call) => {
    const marked = await call.sql(cancelRun, { runId, userId: call.caller.userId })
    for (const { id, status } of marked) if (status === 'RUNNING') deps.worker.cancel(id)
    if (marked.length > 0) deps.suites.advance(runId)
    return read({ runId }, call)
  }
}
