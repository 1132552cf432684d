import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { GetSuiteRunRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/suite-runs.ts'
import { mayReadText } from './readable.ts'
import { toRun } from './suite-view.ts'

export const getSuiteRun =
  ({ remote }: Pick<Deps, 'remote'>) =>
  async ({ runId: id }: GetSuiteRunRequest, call: Call) => {
    const [row] = await call.sql(db.getSuiteRun, { id, userId: call.caller.userId })
    if (!row) throw notFound('suite run')
    const [cases, isReadable] = await Promise.all([call.sql(db.listRunCases, { id }), mayReadText(remote, row, call)])
    return { run: toRun(row, cases, isReadable) }
  }
