import {
  type Access,
  type Prompt,
  Prompt_Status,
  type PromptSummary,
  Variable,
  type VariableWarning,
} from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { PromptRow, SummaryRow } from '../db/rows.ts'
import { ownAccess, readsHead, variableWarnings } from '../prompt.ts'
import { Access_Kind } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'

/** A prompt as somebody with this right sees it: what the head version holds only if they may read it. */
export function toPrompt(row: PromptRow, access: Access): Prompt {
  const showsHead = readsHead(access, row.version)
  return {
    ...toSummary(row),
    content: showsHead ? row.content : '',
    variables: showsHead ? row.variables.map((variable) => Variable.fromJSON(variable)) : [],
    publicFromVersion: access.kind === Access_Kind.OWNER ? row.public_from_version : undefined,
    forkedFromId: row.forked_from_id ?? undefined,
    forkedFromVersion: row.forked_from_version ?? undefined,
    etag: String(row.revision),
  }
}

/** A prompt as its owner sees it. */
export const toOwnPrompt = (row: PromptRow): Prompt => toPrompt(row, ownAccess(row.version))

/** The answer to an owner who wrote a prompt: as it is now, and what may have been overlooked. */
export function toOwnAnswer(row: PromptRow): { prompt: Prompt; warnings: VariableWarning[] } {
  const prompt = toOwnPrompt(row)
  return { prompt, warnings: variableWarnings(prompt) }
}

/** A prompt in a list. */
export const toSummary = (row: SummaryRow): PromptSummary => ({
  id: row.id,
  title: row.title,
  description: row.description ?? '',
  category: row.category ?? '',
  userId: row.user_id,
  username: row.username,
  isPublic: row.is_public,
  version: row.version,
  likesCount: row.likes_count,
  commentsCount: row.comments_count,
  ratingsCount: row.ratings_count,
  forksCount: row.forks_count,
  ratingAvg: row.rating_avg ?? undefined,
  tags: row.tags,
  model: row.model ?? '',
  status: Prompt_Status[row.status],
  createdAt: row.created_at,
  updatedAt: row.updated_at ?? undefined,
})

/** A prompt in the list of its owner's own. */
export const toOwnSummary = (row: SummaryRow): PromptSummary => ({
  ...toSummary(row),
  publicFromVersion: row.public_from_version,
})
