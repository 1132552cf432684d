import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { notFound } from '#chassis/errors.ts'
import { PromptComment } from './prompt-comment.entity.ts'

/** A comment as a message shows it: a row of a statement, or the entity. */
export type CommentRow = {
  id: string
  userId: string
  username: string
  content: string
  parentId?: string | null
  createdAt: Date
  updatedAt?: Date | null
  deletedAt?: Date | null
}

/** Which comment, on which prompt. */
type Which = { promptId: string; commentId: string }

/** A comment that is not deleted. Throws NOT_FOUND. */
export const findComment = (em: EntityManager, which: Which) => readComment(em, which)

/** The same, locked until the transaction ends: changes come one after the other. */
export const commentToChange = (em: EntityManager, which: Which) => readComment(em, which, LockMode.PESSIMISTIC_WRITE)

async function readComment(em: EntityManager, { promptId, commentId }: Which, lockMode = LockMode.NONE) {
  const comment = await em.findOne(PromptComment, { id: commentId, prompt: promptId, deletedAt: null }, { lockMode })
  if (!comment) throw notFound('comment')
  return comment
}

/** How many replies a comment has. */
export const countReplies = (em: EntityManager, parentId: string) => em.count(PromptComment, { parentId })
