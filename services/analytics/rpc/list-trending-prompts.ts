import type { PublicCall } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
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
    const asked = { ...request, scope: ['ListTrendingPrompts', window] }
    const { page, nextPageToken } = await readPage(pageTokens, asked, db.cursorOf, (cursor, limit) =>
      sql(db.listTrendingPrompts, db.pageParams(window, cursor, limit)),
    )
    return { prompts: page.map(toTrendingPrompt), nextPageToken }
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
