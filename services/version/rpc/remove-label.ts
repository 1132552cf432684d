import { notFound } from '#chassis/errors.ts'
import type { PlainCall, SignedIn } from '#chassis/grpc/call.ts'
import type { RemoveLabelRequest } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import type { Deps } from '../context.ts'
import { moveLabel } from '../db/move-label.ts'
import { ownPrompt } from './own-prompt.ts'

export const removeLabel =
  ({ orm, readableVersions }: Pick<Deps, 'orm' | 'readableVersions'>) =>
  async ({ promptId, label, expectedSeq }: RemoveLabelRequest, call: SignedIn<PlainCall>) => {
    await ownPrompt({ readableVersions }, promptId, call.origin)
    const move = { promptId, label, version: null, expectedSeq, userId: call.caller.userId }
    const { isChanged } = await moveLabel(orm, move, call)
    if (!isChanged) throw notFound('label')
    return {}
  }
