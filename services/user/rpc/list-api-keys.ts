import type { Call } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { ListApiKeysRequest } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import type { Deps } from '../context.ts'
import { ApiKey } from '../db/api-key.entity.ts'
import { toApiKey } from './view.ts'

export const listApiKeys =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ pageSize: requested, pageToken }: ListApiKeysRequest, { em, caller }: Call) => {
    const scope = ['ListApiKeys', caller.userId]
    const cursor = pageTokens.open(scope, pageToken)
    const size = pageSize(requested)
    // Ids sort by their time.
    const where = { user: caller.userId, ...(cursor && { id: { $lt: String(cursor[0]) } }) }
    const rows = await em.find(ApiKey, where, { orderBy: { id: 'desc' }, limit: size + 1 })
    const { page, last } = cutPage(rows, size)
    return { apiKeys: page.map(toApiKey), nextPageToken: last ? pageTokens.seal(scope, [last.id]) : '' }
  }
