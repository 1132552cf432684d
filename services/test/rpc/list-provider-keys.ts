import type { Call } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListProviderKeysRequest } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import type { Deps } from '../context.ts'
import { ProviderKey } from '../db/provider-key.entity.ts'
import { toProviderKey } from './view.ts'

export const listProviderKeys =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async (request: ListProviderKeysRequest, { em, caller: { userId } }: Call) => {
    const asked = { scope: ['ListProviderKeys', userId], ...request }
    // Ids sort by their time.
    const cursorOf = ({ id }: { id: string }) => [id]
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorOf, (cursor, limit) => {
      const where = { userId, revokedAt: null, ...(cursor && { id: { $lt: String(cursor[0]) } }) }
      return em.find(ProviderKey, where, { orderBy: { id: 'desc' }, limit })
    })
    return { providerKeys: page.map(toProviderKey), nextPageToken }
  }
