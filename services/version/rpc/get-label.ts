import { notFound } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import type { GetLabelRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'
import { newestChange } from '../db/label-changes.ts'
import { LATEST } from '../label.ts'
import { storedVersion } from './stored-version.ts'
import { toLabel, toLatest, toVersion } from './view.ts'

type Parts = Pick<Deps, 'orm' | 'versions' | 'arrivals' | 'readableVersions'>

export const getLabel =
  (deps: Parts) =>
  async ({ promptId, label: name, knownHash }: GetLabelRequest, { origin, signal, setHeader }: PlainCall) => {
    const readable = await deps.readableVersions(promptId, origin)
    const newest = name === LATEST ? undefined : await newestChange(deps.orm, promptId, name)
    const version = name === LATEST ? readable.headVersion : newest?.version
    if (!version || !includesVersion(readable.ranges, version)) throw notFound('label')
    const row = await storedVersion(deps, { promptId, version }, readable, signal)
    const label = newest ? toLabel(newest) : toLatest(row)
    // Of two versions that hold the same, the answers differ.
    setHeader('etag', `"${label.seq}-${row.contentHash}"`)
    // A cache must ask first: the label can move, a prompt can become private, and a licence can end.
    setHeader('cache-control', 'private, no-cache')
    if (row.contentHash === knownHash) return { label, version: undefined, notModified: true }
    return { label, version: toVersion(row), notModified: false }
  }
