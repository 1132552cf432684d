import { notFound } from '#chassis/errors.ts'
import type { PlainCall, SignedIn } from '#chassis/grpc/call.ts'
import { forward } from '#chassis/grpc/client.ts'
import type { SetLabelGateRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { gateChanged, waitingAudit } from '../audited.ts'
import type { Deps } from '../context.ts'
import { findGate, putGate } from '../db/label-gates.ts'
import { ownPrompt } from './own-prompt.ts'
import { toGate } from './view.ts'

/** Of no version: only whether the suite is there is asked. */
const NO_CONTENT = '0'.repeat(64)

export const setLabelGate =
  ({ orm, readableVersions, remote }: Pick<Deps, 'orm' | 'readableVersions' | 'remote'>) =>
  async ({ promptId, label, suiteId }: SetLabelGateRequest, { caller, origin }: SignedIn<PlainCall>) => {
    await ownPrompt({ readableVersions }, promptId, origin)
    const asked = { promptId, suiteId, contentHash: NO_CONTENT }
    const { suiteExists } = await remote.tests.checkGate(asked, forward(origin))
    if (!suiteExists) throw notFound('suite')
    const { userId } = caller
    const gate = { promptId, label, suiteId, userId, setAt: new Date() }
    const former = await findGate(orm, promptId, label)
    const change = gateChanged({ promptId, label, userId, suite: [former?.suiteId, suiteId] })
    await putGate(orm, gate, waitingAudit(origin, change, gate.setAt))
    return { gate: toGate(gate) }
  }
