import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListTestsRequest } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-tests.ts'
import { statusName, toSummary } from './view.ts'

export const listTests =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListTestsRequest, { sql, caller }: Call) => {
    const { pageSize, pageToken, ...parameters } = request
    const asked = { scope: ['ListTests', caller.userId, parameters], pageSize, pageToken }
    const { promptId = null, status, modelProvider: provider = null, modelName: model = null } = parameters
    const { suiteRunId = null } = parameters
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(db.listTests, {
        userId: caller.userId,
        promptId,
        status: status === undefined ? null : statusName(status),
        provider,
        model,
        suiteRunId,
        ...rangeAfter(cursor, limit),
      }),
    )
    return { tests: page.map(toSummary), nextPageToken }
  }
