import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListComparisonsRequest } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/comparisons.ts'
import { toListedComparison } from './view.ts'

export const listComparisons =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ pageSize, pageToken, promptId: wanted }: ListComparisonsRequest, { sql, caller }: Call) => {
    const { userId } = caller
    const promptId = wanted ?? null
    const asked = { scope: ['ListComparisons', userId, promptId], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(db.listComparisons, { userId, promptId, ...rangeAfter(cursor, limit) }),
    )
    return { comparisons: page.map(toListedComparison), nextPageToken }
  }
