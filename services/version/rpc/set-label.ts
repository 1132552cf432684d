import { notFound } from '#chassis/errors.ts'
import type { PlainCall, SignedIn } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import type { SetLabelRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'
import { findGate } from '../db/label-gates.ts'
import { moveLabel } from '../db/move-label.ts'
import type { PassedBy } from '../label.ts'
import { gateClosed } from '../label-gate.ts'
import { ownPrompt } from './own-prompt.ts'
import { storedVersion } from './stored-version.ts'
import { toLabel } from './view.ts'

type Parts = Pick<Deps, 'orm' | 'versions' | 'arrivals' | 'readableVersions' | 'remote'>

export const setLabel = (deps: Parts) => async (request: SetLabelRequest, call: SignedIn<PlainCall>) => {
  const { promptId, label, version, expectedSeq } = request
  const { caller, origin, signal } = call
  const readable = await ownPrompt(deps, promptId, origin)
  if (!includesVersion(readable.ranges, version)) throw notFound('version')
  const { contentHash } = await storedVersion(deps, { promptId, version }, readable, signal)
  const move = { promptId, label, version, expectedSeq, userId: caller.userId }
  const { newest } = await moveLabel(deps.orm, move, call, () => passGate(deps, request, contentHash, call))
  return { label: toLabel(newest!) }
}

/** What lets a label move; undefined when it has no gate. Throws FAILED_PRECONDITION when its gate is closed. */
async function passGate(
  { orm, remote }: Parts,
  { promptId, label, overrideReason }: SetLabelRequest,
  contentHash: string,
  { origin }: PlainCall,
): Promise<PassedBy | undefined> {
  const gate = await findGate(orm, promptId, label)
  if (!gate) return undefined
  if (overrideReason !== undefined) return { overrideReason }
  const { suiteId } = gate
  const check = await remote.tests.checkGate({ promptId, suiteId, contentHash }, forward(origin))
  if (!check.isOpen) throw gateClosed(suiteId, check)
  return { gateRunId: check.runId }
}
