import type { PublicCall } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import {
  type ListListingsRequest,
  ListListingsRequest_OrderBy as OrderBy,
} from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-listings.ts'
import { readFilter } from './read-filter.ts'
import { toListingSummary } from './view.ts'

export const listListings =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListListingsRequest, { sql, caller }: PublicCall) => {
    const { pageSize, pageToken, sellerId, promptId } = request
    const order = orderOf(request.orderBy)
    const filter: db.ListFilter = {
      ...readFilter(request, { needsCurrency: order === 'PRICE' }),
      order,
      sellerId,
      isOwn: sellerId !== undefined && sellerId === caller?.userId,
      promptId,
    }
    const asked = { scope: ['ListListings', filter], pageSize, pageToken }
    const { page, nextPageToken } = await readPage(pageTokens, asked, db.cursorOf, (cursor, limit) =>
      db.listListings(sql, filter, cursor, limit),
    )
    return { listings: page.map(toListingSummary), nextPageToken }
  }

function orderOf(orderBy: OrderBy): db.Order {
  switch (orderBy) {
    case OrderBy.PRICE:
      return 'PRICE'
    case OrderBy.SALES:
      return 'SALES'
    case OrderBy.CREATED:
    case OrderBy.UNSPECIFIED:
    case OrderBy.UNRECOGNIZED:
      return 'CREATED'
  }
}
