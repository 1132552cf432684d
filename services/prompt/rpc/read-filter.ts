import type { ListPromptsRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import type { PromptFilter } from '../db/list-prompts.ts'

/** Which prompts a list or a search is about. Undefined when nothing can match: the private prompts of another user, or of no user. */
export function readFilter(
  request: Pick<ListPromptsRequest, 'userId' | 'category' | 'tag' | 'isPublic'>,
  callerId: string | undefined,
): PromptFilter | undefined {
  const { isPublic } = request
  const userId = request.userId ?? (isPublic === false ? callerId : undefined)
  const isOwn = userId !== undefined && userId === callerId
  if (isPublic === false && !isOwn) return undefined
  return { userId, isOwn, category: request.category || undefined, tag: request.tag || undefined, isPublic }
}
