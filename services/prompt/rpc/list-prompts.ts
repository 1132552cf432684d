import type { PublicCall } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import {
  type ListPromptsRequest,
  ListPromptsRequest_OrderBy as OrderBy,
} from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-prompts.ts'
import { readFilter } from './read-filter.ts'
import { toOwnSummary, toSummary } from './view.ts'

export const listPrompts =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListPromptsRequest, { sql, caller }: PublicCall) => {
    const { pageSize, pageToken, ...parameters } = request
    const scope = ['ListPrompts', parameters]
    const filter = readFilter(request, caller?.userId)
    const order = orderOf(request.orderBy)
    const asked = { scope, pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, db.cursorOf, async (cursor, limit) =>
      filter ? db.listPrompts(sql, { ...filter, order }, cursor, limit) : [],
    )
    return { prompts: page.map(filter?.isOwn ? toOwnSummary : toSummary), nextPageToken }
  }

function orderOf(orderBy: OrderBy): db.Order {
  switch (orderBy) {
    case OrderBy.UPDATED:
      return 'UPDATED'
    case OrderBy.LIKES:
      return 'LIKES'
    case OrderBy.RATING:
      return 'RATING'
    case OrderBy.COMMENTS:
      return 'COMMENTS'
    case OrderBy.CREATED:
    case OrderBy.UNSPECIFIED:
    case OrderBy.UNRECOGNIZED:
      return 'CREATED'
  }
}
