import { failedPrecondition } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { DeleteSuiteRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { SuiteCase, SuiteRun } from '../db/suite.entity.ts'
import { suiteToChange } from '../db/suite-to-change.ts'

export const deleteSuite = ({ suiteId }: DeleteSuiteRequest, { transaction, caller }: Call) =>
  transaction(async (em, _emit, now) => {
    const suite = await suiteToChange(em, suiteId, caller.userId)
    if (await em.count(SuiteRun, { suite: suiteId, status: 'RUNNING' }))
      throw failedPrecondition('SUITE_RUNS', 'a run of the suite has not ended: wait for its end, or cancel it')
    suite.deletedAt = now
    await em.nativeDelete(SuiteCase, { suite: suiteId })
    return {}
  })
