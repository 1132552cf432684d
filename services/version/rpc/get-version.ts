import type { PlainCall } from '#chassis/grpc/call.ts'
import type { GetVersionRequest } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import type { Deps } from '../context.ts'
import { readVersions } from './read-versions.ts'
import { toVersion } from './view.ts'

export const getVersion =
  (deps: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals'>) =>
  async ({ promptId, version, knownHash }: GetVersionRequest, call: PlainCall) => {
    const [row] = await readVersions(deps, promptId, [version], call)
    call.setHeader('etag', `"${row!.contentHash}"`)
    // A cache must ask first whether it may still be read: a prompt can become private, and a licence can end.
    call.setHeader('cache-control', 'private, no-cache')
    if (row!.contentHash === knownHash) return { version: undefined, notModified: true }
    return { version: toVersion(row!), notModified: false }
  }
