import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListLikesRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-likes.ts'
import { socialPage } from './social-page.ts'
import { toLike } from './social-view.ts'

export const listLikes =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ promptId, ...asked }: ListLikesRequest, { sql, caller }: PublicCall) => {
    const list = { scope: ['ListLikes', promptId], ...asked }
    const { page, nextPageToken } = await socialPage(pageTokens, list, (range) =>
      sql(db.listLikes, { promptId, readerId: caller?.userId ?? null, ...range }),
    )
    return { likes: page.map(toLike), nextPageToken }
  }
