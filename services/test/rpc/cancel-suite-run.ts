import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CancelSuiteRunRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/suite-runs.ts'
import { cancelRun } from '../db/suite-tests.ts'
import { getSuiteRun } from './get-suite-run.ts'

export const cancelSuiteRun =
  ({ remote, suites, worker }: Pick<Deps, 'remote' | 'suites' | 'worker'>) =>
  async ({ runId }: CancelSuiteRunRequest, call: Call) => {
    const [row] = await call.sql(db.getSuiteRun, { id: runId, userId: call.caller.userId })
    if (!row) throw notFound('suite run')
    for (const { id, status } of await call.sql(cancelRun, { runId })) if (status === 'RUNNING') worker.cancel(id)
    suites.advance(runId)
    return getSuiteRun({ remote })({ runId }, call)
  }
