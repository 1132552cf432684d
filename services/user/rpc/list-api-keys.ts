import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListApiKeysRequest } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import type { Deps } from '../context.ts'
import { ApiKey, type ApiKeyRow } from '../db/api-key.entity.ts'
import { toApiKey } from './view.ts'

export const listApiKeys =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListApiKeysRequest, { em, caller }: Call) => {
    const asked = { scope: ['ListApiKeys', caller.userId], ...request }
    // Ids sort by their time.
    const cursorOf = ({ id }: ApiKeyRow) => [id]
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorOf, (cursor, limit) => {
      const where = { user: caller.userId, ...(cursor && { id: { $lt: String(cursor[0]) } }) }
      return em.find(ApiKey, where, { orderBy: { id: 'desc' }, limit })
    })
    return { apiKeys: page.map(toApiKey), nextPageToken }
  }
