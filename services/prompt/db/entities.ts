import { Author } from './author.entity.ts'
import { Category } from './category.entity.ts'
import { Entitlement } from './entitlement.entity.ts'
import { PromptComment } from './prompt-comment.entity.ts'
import { PromptLike } from './prompt-like.entity.ts'
import { PromptRank } from './prompt-rank.entity.ts'
import { PromptRating } from './prompt-rating.entity.ts'
import { Prompt } from './prompt.entity.ts'

/** What this service stores, but for its queues and the chassis's tables. */
export const entities = [Prompt, PromptLike, PromptRating, PromptComment, PromptRank, Entitlement, Category, Author]
