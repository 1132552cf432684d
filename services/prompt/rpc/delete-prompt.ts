import { notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { DeletePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import * as db from '../db/delete-prompt.ts'

export const deletePrompt = async ({ promptId }: DeletePromptRequest, call: Call) => {
  const { sql, caller, origin } = call
  const remove = (ownerId: string | null) =>
    sql(db.deletePrompt, {
      promptId,
      ownerId,
      actorId: caller.userId,
      actorName: caller.username,
      ...eventValues(origin),
    })
  const [own] = await remove(caller.userId)
  if (own) return {}
  const { role } = await call.currentAccount()
  const [others] = role === 'USER' ? [] : await remove(null)
  if (!others) throw notFound('prompt')
  return {}
}
