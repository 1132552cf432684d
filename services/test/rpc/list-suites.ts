import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListSuitesRequest } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/suites.ts'
import { toListedSuite } from './suite-view.ts'

export const listSuites =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ pageSize, pageToken, promptId: wanted }: ListSuitesRequest, { sql, caller }: Call) => {
    const { userId } = caller
    const promptId = wanted ?? null
    const asked = { scope: ['ListSuites', userId, promptId], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(db.listSuites, { userId, promptId, ...rangeAfter(cursor, limit) }),
    )
    return { suites: page.map(toListedSuite), nextPageToken }
  }
