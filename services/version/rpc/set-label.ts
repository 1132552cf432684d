import { notFound } from '#chassis/errors.ts'
import type { PlainCall, SignedIn } from '#chassis/grpc/call.ts'
import type { SetLabelRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'
import { moveLabel } from '../db/move-label.ts'
import { storedVersion } from './stored-version.ts'
import { toLabel } from './view.ts'

type Parts = Pick<Deps, 'orm' | 'versions' | 'arrivals' | 'readableVersions'>

export const setLabel =
  (deps: Parts) =>
  async ({ promptId, label, version, expectedSeq }: SetLabelRequest, call: SignedIn<PlainCall>) => {
    const { caller, origin, signal } = call
    const readable = await deps.readableVersions(promptId, origin)
    if (!readable.isOwner) throw notFound('prompt')
    if (!includesVersion(readable.ranges, version)) throw notFound('version')
    await storedVersion(deps, { promptId, version }, readable, signal)
    const move = { promptId, label, version, expectedSeq, userId: caller.userId }
    const { newest } = await moveLabel(deps.orm, move, signal)
    return { label: toLabel(newest!) }
  }
