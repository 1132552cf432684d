import { LockMode, raw } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { DeleteCommentRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { applyDeletion, mayDelete } from '../comment.ts'
import { checkAccess } from '../db/check-access.ts'
import { commentToChange, countReplies, findComment } from '../db/comments.ts'
import { PromptComment } from '../db/prompt-comment.entity.ts'
import { Prompt } from '../db/prompt.entity.ts'

export const deleteComment = async (which: DeleteCommentRequest, call: Call) => {
  const { promptId, commentId } = which
  const { userId, parentId } = await findComment(call.em, which)
  await checkRight(promptId, userId, call)
  return call.transaction(async (em, _, now) => {
    // The parent first, then the comment, then the prompt: CreateComment locks in the same order.
    const lock = { lockMode: LockMode.PESSIMISTIC_WRITE }
    const parent = (parentId && (await em.findOne(PromptComment, parentId, lock))) || undefined
    const comment = await commentToChange(em, which)
    const replies = await countReplies(em, parentId ?? commentId)
    em.remove(applyDeletion(comment, { parent, replies }, now))
    await em.nativeUpdate(Prompt, { id: promptId }, { commentsCount: raw('comments_count - 1') })
    return {}
  })
}

async function checkRight(promptId: string, authorId: string, call: Call) {
  const { userId } = call.caller
  const [prompt] = await call.sql(checkAccess, { promptId, readerId: userId })
  if (prompt && mayDelete({ userId: authorId }, prompt, userId)) return
  if (prompt?.deleted_at === null && (await call.currentAccount()).role !== 'USER') return
  throw notFound('comment')
}
