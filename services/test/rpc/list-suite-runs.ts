import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListSuiteRunsRequest } from '#contracts/gen/promptforge/test/v1/suite_run_requests.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/suite-runs.ts'
import { getSuite } from '../db/suites.ts'
import { toListedRun } from './suite-view.ts'

export const listSuiteRuns =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ suiteId, pageSize, pageToken }: ListSuiteRunsRequest, { sql, caller }: Call) => {
    const [suite] = await sql(getSuite, { id: suiteId, userId: caller.userId })
    if (!suite) throw notFound('suite')
    const asked = { scope: ['ListSuiteRuns', suiteId], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(db.listSuiteRuns, { suiteId, ...rangeAfter(cursor, limit) }),
    )
    return { runs: page.map(toListedRun), nextPageToken }
  }
