import { claimValues, createOnce } from '#chassis/db/idempotency.ts'
import { invalid, notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import type { CreateCommentRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { countReplies, findComment } from '../db/comments.ts'
import { insertComment, type MadeRow, type Outcome } from '../db/insert-comment.ts'
import { toComment } from './social-view.ts'

export const createComment = async ({ promptId, content, parentId }: CreateCommentRequest, call: Call) => {
  const { sql, caller, idempotencyKey, origin } = call
  const { userId, username } = caller
  const id = newId()
  const create = async () => {
    const [row] = await sql(insertComment, {
      promptId,
      userId,
      username,
      content,
      parentId: parentId ?? null,
      ...claimValues(idempotencyKey, id),
      ...eventValues(origin),
    })
    if (!row) throw notFound('prompt')
    return wasMade(row) ? toComment({ id, userId, content, parentId: parentId ?? null, ...row }, 0) : undefined
  }
  const load = async (commentId: string) =>
    toComment(await findComment(call.em, { promptId, commentId }), await countReplies(call.em, commentId))
  return { comment: await createOnce(call, create, load) }
}

function wasMade({ outcome }: MadeRow & { outcome: Outcome }): boolean {
  switch (outcome) {
    case 'MADE':
      return true
    case 'KEY_USED':
      return false
    case 'NO_PARENT':
      throw notFound('comment')
    case 'PARENT_IS_REPLY':
      throw invalid([{ field: 'parent_id', description: 'must be a comment that is no reply itself' }])
  }
}
