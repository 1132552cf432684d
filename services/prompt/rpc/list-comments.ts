import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListCommentsRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-comments.ts'
import { socialPage } from './social-page.ts'
import { toComment } from './social-view.ts'

export const listComments =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ promptId, parentId, ...asked }: ListCommentsRequest, { sql, caller }: PublicCall) => {
    const list = { scope: ['ListComments', promptId, parentId], ...asked }
    const { page, nextPageToken } = await socialPage(pageTokens, list, (range) => {
      const params = { promptId, readerId: caller?.userId ?? null, ...range }
      return parentId === undefined ? sql(db.listComments, params) : sql(db.listReplies, { ...params, parentId })
    })
    return { comments: page.map((row) => toComment(row, row.repliesCount)), nextPageToken }
  }
