import { notFound, notReady } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import type { GetVersionRequest } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-version.ts'
import { writtenBefore } from '../db/written-before.ts'
import { toVersion } from './view.ts'

/**
 * Milliseconds after which a version that is missing is not on its way any more: its event has been handled or put aside, so that only
 * somebody who runs `resync` can bring it. Telling callers to ask again would be wrong.
 */
const ARRIVAL_MS = 24 * 3_600_000

export const getVersion =
  ({ versions, readableVersions, arrivals }: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals'>) =>
  async ({ promptId, version, knownHash }: GetVersionRequest, { origin, signal, setHeader }: PlainCall) => {
    const { ranges, lastChangedAt } = await readableVersions(promptId, origin)
    if (!ranges.some(({ from, to }) => from <= version && version <= to)) throw notFound('version')
    const find = () => db.getVersion(versions, promptId, version)
    const arrive = async () => {
      if (isOverdue((await writtenBefore(versions, promptId, version)) ?? lastChangedAt)) throw notFound('version')
      return arrivals.wait({ promptId, version }, find, signal)
    }
    const row = (await find()) ?? (await arrive())
    if (!row) throw notReady('VERSION_NOT_READY', 'this version was just written and is on its way: ask again', 1000)
    setHeader('etag', `"${row.contentHash}"`)
    // A cache must ask first whether it may still be read: a prompt can become private, and a licence can end.
    setHeader('cache-control', 'private, no-cache')
    if (row.contentHash === knownHash) return { version: undefined, notModified: true }
    return { version: toVersion(row), notModified: false }
  }

const isOverdue = (writtenAt: Date | undefined) =>
  writtenAt !== undefined && Date.now() - writtenAt.getTime() > ARRIVAL_MS
