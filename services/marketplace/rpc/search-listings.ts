import type { PublicCall } from '#chassis/grpc/call.ts'
import { readPageWith } from '#chassis/page-token.ts'
import { cursorOf, NOTHING } from '#chassis/search/ranked-search.ts'
import { requiredTerms } from '#chassis/search/terms.ts'
import type { SearchListingsRequest } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/search-listings.ts'
import { readFilter } from './read-filter.ts'
import { toListingSummary } from './view.ts'

export const searchListings =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: SearchListingsRequest, { sql }: PublicCall) => {
    const { pageSize, pageToken, query } = request
    const filter = readFilter(request, { needsCurrency: false })
    const asked = { scope: ['SearchListings', query, filter], pageSize, pageToken }
    const terms = requiredTerms(query)
    const { page, nextPageToken } = await readPageWith(pageTokens, asked, cursorOf, async (cursor, limit) =>
      terms.length > 0 ? db.searchListings(sql, terms, filter, cursor, limit) : NOTHING,
    )
    return { listings: page.map(toListingSummary), nextPageToken }
  }
