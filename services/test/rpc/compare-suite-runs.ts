import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CompareSuiteRunsRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import { compareRuns } from '../compare-runs.ts'
import type { Deps } from '../context.ts'
import { judgingOfRuns } from '../db/judgings.ts'
import { listRunCases } from '../db/suite-runs.ts'
import { ratedCase } from '../suite.ts'
import { readJudging } from './read-judging.ts'
import { runsToCompare } from './runs-to-compare.ts'

export const compareSuiteRuns =
  (deps: Pick<Deps, 'remote'>) =>
  async ({ fromRunId, toRunId, judgingId }: CompareSuiteRunsRequest, call: Call) => {
    const { sql } = call
    await runsToCompare({ fromRunId, toRunId }, call)
    const casesOf = async (id: string) => (await sql(listRunCases, { id })).map(ratedCase)
    const [from, to] = [await casesOf(fromRunId), await casesOf(toRunId)]
    const [judging] = await sql(judgingOfRuns, { fromRunId, toRunId, judgingId: judgingId ?? null })
    if (judgingId !== undefined && !judging) throw notFound('judging')
    return {
      comparison: {
        fromRunId,
        toRunId,
        ...compareRuns(from, to),
        judging: judging && (await readJudging(deps, judging.id, call)),
      },
    }
  }
