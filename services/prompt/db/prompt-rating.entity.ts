import { defineEntity, p } from '@mikro-orm/postgresql'
import { Prompt } from './prompt.entity.ts'

/** Somebody's rating of a prompt, with a review or without. */
export const PromptRating = defineEntity({
  name: 'PromptRating',
  tableName: 'prompt_ratings',
  properties: {
    id: p.uuid().primary(),
    prompt: () => p.manyToOne(Prompt),
    userId: p.uuid(),
    rating: p.integer().nullable(),
    review: p.text().nullable(),
    createdAt: p.datetime(3),
    username: p.string().length(50),
    updatedAt: p.datetime(3).nullable(),
    verifiedPurchase: p.boolean().default(false),
  },
  uniques: [{ properties: ['prompt', 'userId'] }],
})
