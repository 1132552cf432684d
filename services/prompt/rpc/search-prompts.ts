import type { PublicCall } from '#chassis/grpc/call.ts'
import { readPageWith } from '#chassis/page-token.ts'
import type { SearchPromptsRequest, SearchPromptsResponse_Match } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/search-prompts.ts'
import { cursorOf, MAX_RANKED, NOTHING } from '#chassis/search/ranked-search.ts'
import { requiredTerms } from '#chassis/search/terms.ts'
import { excerpt, highlight } from '../snippet.ts'
import { readFilter } from './read-filter.ts'
import { toSummary } from './view.ts'

export const searchPrompts =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: SearchPromptsRequest, { sql, caller }: PublicCall) => {
    const { pageSize, pageToken, ...parameters } = request
    const asked = { scope: ['SearchPrompts', parameters], pageSize, pageToken }
    const terms = requiredTerms(request.query)
    const filter = readFilter(request, caller?.userId)
    const { page, nextPageToken, count } = await readPageWith(pageTokens, asked, cursorOf, async (cursor, limit) =>
      filter && terms.length > 0 ? db.searchPrompts(sql, terms, filter, cursor, limit) : NOTHING,
    )
    const wanted = new Set(terms)
    return {
      matches: page.map((row) => toMatch(row, wanted)),
      nextPageToken,
      matchesCount: Math.min(count, MAX_RANKED),
      newestOnly: count > MAX_RANKED,
    }
  }

const toMatch = (row: db.MatchRow, terms: ReadonlySet<string>): SearchPromptsResponse_Match => ({
  prompt: toSummary(row),
  rank: row.rank,
  title: highlight(row.title, terms),
  description: excerpt(row.description ?? '', terms),
})
