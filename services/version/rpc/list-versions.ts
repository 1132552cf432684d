import type { PlainCall } from '#chassis/grpc/call.ts'
import { type Cursor, pageSize } from '#chassis/page-token.ts'
import type { VersionRange } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import {
  type ListVersionsRequest,
  ListVersionsRequest_View as View,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-versions.ts'
import type { ShownRow } from '../version.ts'
import { toVersion } from './view.ts'

/** Bytes at which a page ends, however few versions it has. */
const PAGE_BYTES = 2 * 1024 * 1024

export const listVersions =
  ({ orm, pageTokens, readableVersions }: Pick<Deps, 'orm' | 'pageTokens' | 'readableVersions'>) =>
  async ({ promptId, view, ...request }: ListVersionsRequest, { origin }: PlainCall) => {
    const isFull = view === View.FULL
    const scope = ['ListVersions', promptId, isFull]
    const cursor = pageTokens.open(scope, request.pageToken)
    const readable = await readableVersions(promptId, origin)
    const ranges = before(readable.ranges, cursor)
    if (ranges.length === 0) return { versions: [], nextPageToken: '' }
    const size = pageSize(request.pageSize)
    const rows = db.listVersions(orm, { promptId, ranges, limit: size + 1, isFull })
    const { versions, isLast } = await takePage(rows, size)
    return { versions, nextPageToken: isLast ? '' : pageTokens.seal(scope, [versions.at(-1)!.version]) }
  }

/** What is left of ranges below the version at which the page before ended. */
function before(ranges: VersionRange[], cursor: Cursor | undefined): VersionRange[] {
  if (!cursor) return ranges
  const last = Number(cursor[0]) - 1
  return ranges.filter(({ from }) => from <= last).map(({ from, to }) => ({ from, to: Math.min(to, last) }))
}

async function takePage(
  rows: AsyncIterable<ShownRow>,
  size: number,
): Promise<{ versions: Version[]; isLast: boolean }> {
  const versions: Version[] = []
  let bytes = 0
  for await (const row of rows) {
    const version = toVersion(row)
    bytes += Version.encode(version).finish().length
    if (versions.length === size || (versions.length > 0 && bytes > PAGE_BYTES)) return { versions, isLast: false }
    versions.push(version)
  }
  return { versions, isLast: true }
}
