import type { PublicCall } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { SearchPromptsRequest, SearchPromptsResponse_Match } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/search-prompts.ts'
import { requiredTerms } from '../search-terms.ts'
import { excerpt, highlight } from '../snippet.ts'
import { readFilter } from './read-filter.ts'
import { toSummary } from './view.ts'

const NOTHING: db.Found = { rows: [], count: 0 }

export const searchPrompts =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: SearchPromptsRequest, { sql, caller }: PublicCall) => {
    const { pageSize: requested, pageToken, ...parameters } = request
    const scope = ['SearchPrompts', parameters]
    const cursor = pageTokens.open(scope, pageToken)
    const terms = requiredTerms(request.query)
    const filter = readFilter(request, caller?.userId)
    const size = pageSize(requested)
    const found = filter && terms.length > 0 ? await db.searchPrompts(sql, terms, filter, cursor, size + 1) : NOTHING
    const { page, last } = cutPage(found.rows, size)
    return {
      matches: page.map((row) => toMatch(row, new Set(terms))),
      nextPageToken: last ? pageTokens.seal(scope, db.cursorOf(last)) : '',
      matchesCount: Math.min(found.count, db.MAX_RANKED),
      newestOnly: found.count > db.MAX_RANKED,
    }
  }

const toMatch = (row: db.MatchRow, terms: ReadonlySet<string>): SearchPromptsResponse_Match => ({
  prompt: toSummary(row),
  rank: row.rank,
  title: highlight(row.title, terms),
  description: excerpt(row.description ?? '', terms),
})
