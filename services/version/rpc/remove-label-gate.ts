import { notFound } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import type { RemoveLabelGateRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import type { Deps } from '../context.ts'
import { deleteGate } from '../db/label-gates.ts'
import { ownPrompt } from './own-prompt.ts'

export const removeLabelGate =
  ({ orm, readableVersions }: Pick<Deps, 'orm' | 'readableVersions'>) =>
  async ({ promptId, label }: RemoveLabelGateRequest, { origin }: PlainCall) => {
    await ownPrompt({ readableVersions }, promptId, origin)
    if (!(await deleteGate(orm, promptId, label))) throw notFound('gate')
    return {}
  }
