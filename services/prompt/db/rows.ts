import type { Readable } from '../prompt.ts'

/** A prompt in a list. */
export type SummaryRow = Pick<Readable, 'user_id' | 'is_public' | 'status' | 'version' | 'public_from_version'> & {
  id: string
  title: string
  description: string | null
  category: string | null
  username: string
  likes_count: number
  comments_count: number
  ratings_count: number
  forks_count: number
  rating_avg: number | null
  tags: string[]
  model: string | null
  created_at: Date
  updated_at: Date | null
}

/** A prompt with all that a message shows. */
export type PromptRow = SummaryRow & {
  content: string
  variables: unknown[]
  forked_from_id: string | null
  forked_from_version: number | null
  revision: number
}

/** Columns of SummaryRow, of `prompts p`. The mean is read as a double: two decimals survive, and no string is parsed twice. */
export const SUMMARY = `p.id, p.title, p.description, p.category, p.user_id, p.username, p.is_public, p.version,
  p.likes_count, p.comments_count, p.ratings_count, p.forks_count, p.rating_avg::float8 as rating_avg, p.tags, p.model,
  p.status, p.created_at, p.updated_at, p.public_from_version`

/** Columns of PromptRow. */
export const PROMPT = `${SUMMARY}, p.content, p.variables, p.forked_from_id, p.forked_from_version, p.revision`
