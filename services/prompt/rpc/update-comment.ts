import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { UpdateCommentRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { applyContent } from '../comment.ts'
import { checkAccess } from '../db/check-access.ts'
import { commentToChange, countReplies } from '../db/comments.ts'
import { isShownTo } from '../prompt.ts'
import { toComment } from './social-view.ts'

export const updateComment = async ({ content, ...which }: UpdateCommentRequest, call: Call) => {
  const { userId } = call.caller
  const [prompt] = await call.sql(checkAccess, { promptId: which.promptId, readerId: userId })
  if (!prompt || !isShownTo(prompt, userId)) throw notFound('prompt')
  return call.transaction(async (em, _, now) => {
    const comment = await commentToChange(em, which)
    if (comment.userId !== userId) throw notFound('comment')
    applyContent(comment, content, now)
    return { comment: toComment(comment, await countReplies(em, comment.id)) }
  })
}
