import { notFound, notReady } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import type { GetVersionRequest } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-version.ts'
import { toVersion } from './view.ts'

export const getVersion =
  ({ versions, readableVersions, arrivals }: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals'>) =>
  async ({ promptId, version, knownHash }: GetVersionRequest, { origin, signal, setHeader }: PlainCall) => {
    const { ranges } = await readableVersions(promptId, origin)
    if (!ranges.some(({ from, to }) => from <= version && version <= to)) throw notFound('version')
    const find = () => db.getVersion(versions, promptId, version)
    const row = (await find()) ?? (await arrivals.wait({ promptId, version }, find, signal))
    if (!row) throw notReady('VERSION_NOT_READY', 'this version was just written and is on its way: ask again', 1000)
    setHeader('etag', `"${row.contentHash}"`)
    // A cache must ask first whether it may still be read: a prompt can become private, and a licence can end.
    setHeader('cache-control', 'private, no-cache')
    if (row.contentHash === knownHash) return { version: undefined, notModified: true }
    return { version: toVersion(row), notModified: false }
  }
