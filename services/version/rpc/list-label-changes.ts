import type { PlainCall } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
import type { VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { LabelChange } from '#contracts/gen/promptforge/version/v1/label.ts'
import type { ListLabelChangesRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'
import { listChanges } from '../db/label-changes.ts'
import type { LabelChangeRow } from '../label.ts'

export const listLabelChanges =
  ({ orm, pageTokens, readableVersions }: Pick<Deps, 'orm' | 'pageTokens' | 'readableVersions'>) =>
  async ({ promptId, label, ...request }: ListLabelChangesRequest, { origin }: PlainCall) => {
    const scope = ['ListLabelChanges', promptId, label]
    const cursor = pageTokens.open(scope, request.pageToken)
    const { ranges, isOwner } = await readableVersions(promptId, origin)
    const size = pageSize(request.pageSize)
    const before = cursor && Number(cursor[0])
    const rows = await listChanges(orm, { promptId, label, ranges, before, limit: size + 1 })
    const { page, last } = cutPage(rows, size)
    return {
      changes: page.map((row) => toChange(row, ranges, isOwner)),
      nextPageToken: last ? pageTokens.seal(scope, [last.seq]) : '',
    }
  }

const toChange = (
  { seq, from, version, userId, createdAt, passedBy }: LabelChangeRow,
  ranges: VersionRange[],
  isOwner: boolean,
): LabelChange => ({
  seq,
  from: from !== null && includesVersion(ranges, from) ? from : undefined,
  to: version ?? undefined,
  userId,
  createdAt,
  gateRunId: isOwner && passedBy && 'gateRunId' in passedBy ? passedBy.gateRunId : '',
  overrideReason: isOwner && passedBy && 'overrideReason' in passedBy ? passedBy.overrideReason : '',
})
