import type { Pool } from 'pg'
import { v7 } from 'uuid'
import { claimValues } from '#chassis/db/idempotency.ts'
import { SocialServiceService as Rpcs } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { insertComment } from '../../../services/prompt/db/insert-comment.ts'
import { likePrompt, unlikePrompt } from '../../../services/prompt/db/likes.ts'
import { ratePrompt } from '../../../services/prompt/db/ratings.ts'
import { bareRpc, type BareRpc, query } from './serve.ts'
import type { Caller } from './tokens.ts'

/** What people say of prompts, with nothing but the prompt service's statements. */
export function socialRpcs(pool: Pool): BareRpc[] {
  const changeLike = async (change: typeof likePrompt, promptId: string, caller: Caller) => {
    const [row] = await query(pool, change, { promptId, ...by(caller) })
    if (!row) throw new Error('no such prompt')
    return { likesCount: row.likes_count }
  }

  return [
    bareRpc(Rpcs.likePrompt, ({ promptId }, caller) => changeLike(likePrompt, promptId, caller!)),
    bareRpc(Rpcs.unlikePrompt, ({ promptId }, caller) => changeLike(unlikePrompt, promptId, caller!)),
    bareRpc(Rpcs.ratePrompt, async ({ promptId, rating, review }, caller) => {
      const [row] = await query(pool, ratePrompt, { promptId, rating, review: review || null, ...by(caller!) })
      if (!row || row.isOwn) throw new Error('no prompt to rate')
      const { ratingsCount, ratingAvg, ...stored } = row
      const shown = { ...stored, review: stored.review ?? '', updatedAt: stored.updatedAt ?? undefined }
      return { rating: shown, ratingsCount, ratingAvg }
    }),
    bareRpc(Rpcs.createComment, async ({ promptId, content }, caller) => {
      const id = v7()
      const claim = claimValues(undefined, id)
      const [row] = await query(pool, insertComment, { promptId, content, parentId: null, ...claim, ...by(caller!) })
      if (!row) throw new Error('no such prompt')
      const { createdAt, username } = row
      const { userId } = caller!
      return { comment: { id, userId, username, content, repliesCount: 0, deleted: false, createdAt } }
    }),
  ]
}

/** The parameters of a statement that say who calls, and of its events. */
const by = ({ userId, username }: Caller) => ({ userId, username, eventHeaders: '{}' })
