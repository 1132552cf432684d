import type { Schema } from '#chassis/db/orm.ts'
import { Author } from './author.entity.ts'
import { Category } from './category.entity.ts'
import { Entitlement } from './entitlement.entity.ts'
import { Follow } from './follow.entity.ts'
import { PromptComment } from './prompt-comment.entity.ts'
import { PromptLike } from './prompt-like.entity.ts'
import { PromptRank } from './prompt-rank.entity.ts'
import { PromptRating } from './prompt-rating.entity.ts'
import { Prompt } from './prompt.entity.ts'
import { migrations } from './migrations/index.ts'

/** What this service stores. */
export const schema = {
  entities: [Prompt, PromptLike, PromptRating, PromptComment, PromptRank, Entitlement, Category, Author, Follow],
  tables: ['idempotency_keys', 'inbox', 'outbox'],
  migrations,
} satisfies Schema
