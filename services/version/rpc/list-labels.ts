import type { PlainCall } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import type { ListLabelsRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/label-changes.ts'
import type { LabelChangeRow } from '../label.ts'
import { toLabel } from './view.ts'

export const listLabels =
  ({ orm, pageTokens, readableVersions }: Pick<Deps, 'orm' | 'pageTokens' | 'readableVersions'>) =>
  async ({ promptId, ...request }: ListLabelsRequest, { origin }: PlainCall) => {
    const asked = { ...request, scope: ['ListLabels', promptId] }
    const cursorOf = ({ label }: LabelChangeRow) => [label]
    const { page, nextPageToken } = await readPage(pageTokens, asked, cursorOf, async (cursor, limit) => {
      const { ranges } = await readableVersions(promptId, origin)
      return db.listLabels(orm, { promptId, ranges, after: String(cursor?.[0] ?? ''), limit })
    })
    return { labels: page.map(toLabel), nextPageToken }
  }
