import { notFound } from '#chassis/errors.ts'
import type { PlainCall, SignedIn } from '#chassis/grpc/call.ts'
import type { RemoveLabelGateRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { gateChanged, waitingAudit } from '../audited.ts'
import type { Deps } from '../context.ts'
import { findGate, removeGate } from '../db/label-gates.ts'
import { ownPrompt } from './own-prompt.ts'

export const removeLabelGate =
  ({ orm, readableVersions }: Pick<Deps, 'orm' | 'readableVersions'>) =>
  async ({ promptId, label }: RemoveLabelGateRequest, { caller, origin }: SignedIn<PlainCall>) => {
    await ownPrompt({ readableVersions }, promptId, origin)
    const former = await findGate(orm, promptId, label)
    if (!former) throw notFound('gate')
    const now = new Date()
    const change = gateChanged({ promptId, label, userId: caller.userId, suite: [former.suiteId, undefined] })
    const audit = waitingAudit(origin, change, now)
    if (!(await removeGate(orm, { promptId, label }, now, audit))) throw notFound('gate')
    return {}
  }
