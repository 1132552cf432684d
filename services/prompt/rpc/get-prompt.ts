import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetPromptRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { Deps } from '../context.ts'
import { readPrompt } from './read-prompt.ts'
import { toPrompt } from './view.ts'

export const getPrompt =
  ({ views }: Pick<Deps, 'views'>) =>
  async ({ promptId }: GetPromptRequest, call: PublicCall) => {
    const { row, access } = await readPrompt(promptId, call)
    views.record(row, call)
    return { prompt: toPrompt(row, access), access, likedByMe: row.liked_by_me, myRating: row.my_rating ?? undefined }
  }
