import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-prompt.ts'
import { accessTo } from '../prompt.ts'
import { toPrompt } from './view.ts'

export const getPrompt =
  ({ views }: Pick<Deps, 'views'>) =>
  async ({ promptId }: GetPromptRequest, call: PublicCall) => {
    const { sql, caller } = call
    const [row] = await sql(db.getPrompt, { promptId, readerId: caller?.userId ?? null })
    const access = row && accessTo(row, caller?.userId)
    if (!access) throw notFound('prompt')
    views.record(row, call)
    return { prompt: toPrompt(row, access), access, likedByMe: row.liked_by_me, myRating: row.my_rating ?? undefined }
  }
