import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CancelTestRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/cancel-test.ts'
import { getTest } from './get-test.ts'

export const cancelTest = (deps: Pick<Deps, 'remote' | 'worker'>) => {
  const read = getTest(deps)
  return async ({ testId }: CancelTestRequest, call: Call) => {
    const { sql, caller, origin } = call
    const marked = await sql(db.cancelTest, { id: testId, userId: caller.userId, ...eventValues(origin) })
    for (const { id, status } of marked) if (status === 'RUNNING') deps.worker.cancel(id)
    return read({ testId }, call)
  }
}
