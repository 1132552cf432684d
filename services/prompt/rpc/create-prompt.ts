import { claimValues, createOnce } from '#chassis/db/idempotency.ts'
import { notFound } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { CreatePromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import { getPrompt } from '../db/get-prompt.ts'
import { type InsertedRow, insertPrompt } from '../db/insert-prompt.ts'
import type { PromptRow } from '../db/rows.ts'
import { type NewPrompt, newPrompt } from '../prompt.ts'
import { searchVector } from '#chassis/search/vector.ts'
import { checkCategory } from './check-category.ts'
import { toOwnAnswer } from './view.ts'

export const createPrompt =
  ({ categories }: Pick<Deps, 'categories'>) =>
  async (request: CreatePromptRequest, call: Call) => {
    const { sql, caller, idempotencyKey, origin } = call
    const prompt = newPrompt(request, caller)
    await checkCategory(categories, request.category)
    const create = async () => {
      const [row] = await sql(insertPrompt, {
        ...prompt,
        variables: JSON.stringify(prompt.variables),
        search: searchVector(prompt),
        ...claimValues(idempotencyKey, prompt.id),
        ...eventValues(origin),
      })
      return row && asStored(prompt, row)
    }
    const load = async (promptId: string): Promise<PromptRow> => {
      const [row] = await sql(getPrompt, { promptId, readerId: caller.userId })
      if (!row) throw notFound('prompt')
      return row
    }
    return toOwnAnswer(await createOnce(call, create, load))
  }

const asStored = (prompt: NewPrompt, row: InsertedRow): PromptRow => ({
  ...prompt,
  ...row,
  version: 1,
  likes_count: 0,
  comments_count: 0,
  ratings_count: 0,
  forks_count: 0,
  rating_avg: null,
  public_from_version: 1,
  forked_from_id: null,
  forked_from_version: null,
  updated_at: null,
  revision: 1,
})
