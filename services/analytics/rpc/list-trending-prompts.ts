import type { PublicCall } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import {
  type ListTrendingPromptsRequest,
  ListTrendingPromptsRequest_Window as Asked,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/trending-prompts.ts'
import type { Window } from '../trending.ts'
import { toTrendingPrompt } from './view.ts'

export const listTrendingPrompts =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListTrendingPromptsRequest, { sql }: PublicCall) => {
    const window = windowOf(request.window)
    const scope = ['ListTrendingPrompts', window]
    const cursor = pageTokens.open(scope, request.pageToken)
    const size = pageSize(request.pageSize)
    const rows = await sql(db.listTrendingPrompts, db.pageParams(window, cursor, size + 1))
    const { page, last } = cutPage(rows, size)
    return { prompts: page.map(toTrendingPrompt), nextPageToken: last ? pageTokens.seal(scope, db.cursorOf(last)) : '' }
  }

function windowOf(asked: Asked): Window {
  switch (asked) {
    case Asked.HOUR:
      return 'HOUR'
    case Asked.WEEK:
      return 'WEEK'
    case Asked.MONTH:
      return 'MONTH'
    case Asked.DAY:
    case Asked.UNSPECIFIED:
    case Asked.UNRECOGNIZED:
      return 'DAY'
  }
}
