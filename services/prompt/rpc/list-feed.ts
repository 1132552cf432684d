import { cursorAfter, rangeAfter } from '#chassis/db/newest-first.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListFeedRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-feed.ts'
import { toSummary } from './view.ts'

export const listFeed =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListFeedRequest, { sql, caller }: Call) => {
    const asked = { scope: ['ListFeed', caller.userId], ...request }
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorAfter, (cursor, limit) =>
      sql(db.listFeed, { followerId: caller.userId, ...rangeAfter(cursor, limit) }),
    )
    return { prompts: page.map(toSummary), nextPageToken }
  }
