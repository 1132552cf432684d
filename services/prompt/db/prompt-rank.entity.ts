import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * A listed prompt's place in the orders by popularity; `ranks.ts` keeps it. Indexes on the counters themselves would slow every
 * like.
 */
export const PromptRank = defineEntity({
  name: 'PromptRank',
  tableName: 'prompt_rank',
  properties: {
    promptId: p.uuid().primary(),
    likes: p.integer(),
    rating: p.double(),
    comments: p.integer(),
    category: p.string().length(50).nullable(),
  },
})
