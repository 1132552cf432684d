import type { PlainCall } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { ListLabelsRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/label-changes.ts'
import { toLabel } from './view.ts'

export const listLabels =
  ({ orm, pageTokens, readableVersions }: Pick<Deps, 'orm' | 'pageTokens' | 'readableVersions'>) =>
  async ({ promptId, ...request }: ListLabelsRequest, { origin }: PlainCall) => {
    const scope = ['ListLabels', promptId]
    const [after = ''] = pageTokens.open(scope, request.pageToken) ?? []
    const { ranges } = await readableVersions(promptId, origin)
    const size = pageSize(request.pageSize)
    const filter = { promptId, ranges, after: String(after), limit: size + 1 }
    const { page, last } = cutPage(await db.listLabels(orm, filter), size)
    return { labels: page.map(toLabel), nextPageToken: last ? pageTokens.seal(scope, [last.label]) : '' }
  }
