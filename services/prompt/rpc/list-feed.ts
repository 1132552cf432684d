import type { Call } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { ListFeedRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-feed.ts'
import { rangeAfter } from '../db/social-page.ts'
import { toSummary } from './view.ts'

export const listFeed =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ pageSize: requested, pageToken }: ListFeedRequest, { sql, caller }: Call) => {
    const scope = ['ListFeed', caller.userId]
    const size = pageSize(requested)
    const range = rangeAfter(pageTokens.open(scope, pageToken), size + 1)
    const rows = await sql(db.listFeed, { followerId: caller.userId, ...range })
    const { page, last } = cutPage(rows, size)
    return { prompts: page.map(toSummary), nextPageToken: last ? pageTokens.seal(scope, db.cursorOf(last)) : '' }
  }
