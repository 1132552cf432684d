import { notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { DeletePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import * as db from '../db/delete-prompt.ts'

export const deletePrompt = async ({ promptId }: DeletePromptRequest, call: Call) => {
  const { sql, caller } = call
  const [own] = await sql(db.deletePrompt, [promptId, caller.userId])
  if (own) return {}
  const { role } = await call.presentRole()
  const [others] = role === 'USER' ? [] : await sql(db.deletePrompt, [promptId, null])
  if (!others) throw notFound('prompt')
  return {}
}
