import type { Call } from '#chassis/grpc/call.ts'
import type { CancelJudgingRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import type { Deps } from '../context.ts'
import { cancelTests } from './cancel-suite-run.ts'
import { readJudging } from './read-judging.ts'

export const cancelJudging =
  (deps: Pick<Deps, 'remote' | 'suites' | 'worker'>) =>
  async ({ judgingId }: CancelJudgingRequest, call: Call) => {
    await readJudging(deps, judgingId, call)
    await cancelTests(deps, judgingId, call)
    return { judging: await readJudging(deps, judgingId, call) }
  }
