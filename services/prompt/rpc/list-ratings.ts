import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListRatingsRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-ratings.ts'
import { socialPage } from './social-page.ts'
import { toRating, toRatingSummary } from './social-view.ts'

export const listRatings =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ promptId, ...asked }: ListRatingsRequest, { sql, caller }: PublicCall) => {
    const list = { scope: ['ListRatings', promptId], ...asked }
    const { page, ofPrompt, nextPageToken } = await socialPage(pageTokens, list, (range) =>
      sql(db.listRatings, { promptId, readerId: caller?.userId ?? null, ...range }),
    )
    return { ratings: page.map(toRating), nextPageToken, summary: toRatingSummary(ofPrompt) }
  }
