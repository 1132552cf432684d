import { notFound } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import type { GetLabelGateRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import type { Deps } from '../context.ts'
import { findGate } from '../db/label-gates.ts'
import { ownPrompt } from './own-prompt.ts'
import { toGate } from './view.ts'

export const getLabelGate =
  ({ orm, readableVersions }: Pick<Deps, 'orm' | 'readableVersions'>) =>
  async ({ promptId, label }: GetLabelGateRequest, { origin }: PlainCall) => {
    await ownPrompt({ readableVersions }, promptId, origin)
    const gate = await findGate(orm, promptId, label)
    if (!gate) throw notFound('gate')
    return { gate: toGate(gate) }
  }
