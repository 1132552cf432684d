import type { PublicCall } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
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
    const { pageSize: requested, pageToken, ...parameters } = request
    const scope = ['ListPrompts', parameters]
    const cursor = pageTokens.open(scope, pageToken)
    const filter = readFilter(request, caller?.userId)
    const size = pageSize(requested)
    const rows = filter
      ? await db.listPrompts(sql, { ...filter, order: orderOf(request.orderBy) }, cursor, size + 1)
      : []
    const { page, last } = cutPage(rows, size)
    const prompts = page.map(filter?.isOwn ? toOwnSummary : toSummary)
    return { prompts, nextPageToken: last ? pageTokens.seal(scope, db.cursorOf(last)) : '' }
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
