import { changedAt } from '#chassis/clock.ts'
import { isShownTo, type Readable } from './prompt.ts'

/** The part of a comment that editing and deleting write. */
type Changeable = { content: string; updatedAt?: Date | null; deletedAt?: Date | null }

/** A comment and what is around it. */
type Thread<C> = {
  /** The comment that it is a reply to; undefined when it is none. */
  parent: C | undefined
  /** The replies to the parent, the comment itself among them; without a parent, the replies to the comment. */
  replies: number
}

/** Edits a comment in place. The same content again is no edit. */
export function applyContent(comment: Changeable, content: string, now: Date): void {
  if (content === comment.content) return
  Object.assign(comment, { content, updatedAt: changedAt(comment.updatedAt, now) })
}

/**
 * Deletes a comment, and answers with the rows that go. One with replies keeps its place without its content, so that none goes. The place of
 * a deleted parent goes with its last reply.
 */
export function applyDeletion<C extends Changeable>(comment: C, { parent, replies }: Thread<C>, now: Date): C[] {
  if (!parent && replies > 0) {
    Object.assign(comment, { content: '', deletedAt: now })
    return []
  }
  return parent?.deletedAt && replies === 1 ? [comment, parent] : [comment]
}

/** Whether somebody may delete a comment without being a moderator: its author and the prompt's owner, as long as they see the prompt. */
export const mayDelete = (comment: { userId: string }, prompt: Readable, userId: string) =>
  isShownTo(prompt, userId) && (comment.userId === userId || prompt.user_id === userId)
