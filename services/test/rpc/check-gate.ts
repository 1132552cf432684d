import type { Call } from '#chassis/grpc/call.ts'
import { SuiteRun_Verdict } from '#contracts/gen/promptforge/test/v1/suite.ts'
import type { CheckGateRequest, CheckGateResponse } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { newestVerdict } from '../db/suite-runs.ts'
import { getSuite } from '../db/suites.ts'
import { opensGate } from '../suite.ts'

export const checkGate = async (
  { promptId, suiteId, contentHash }: CheckGateRequest,
  { sql, caller }: Call,
): Promise<CheckGateResponse> => {
  const { userId } = caller
  const [[suite], [run]] = await Promise.all([
    sql(getSuite, { id: suiteId, userId }),
    sql(newestVerdict, { suiteId, userId, promptId, contentHash }),
  ])
  return {
    isOpen: run !== undefined && opensGate(run, new Date()),
    suiteExists: suite?.prompt_id === promptId,
    runId: run?.id ?? '',
    verdict: SuiteRun_Verdict[run?.verdict ?? 'UNSPECIFIED'],
    completedAt: run?.completed_at,
  }
}
