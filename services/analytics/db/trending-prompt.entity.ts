import { defineEntity, p } from '@mikro-orm/postgresql'

/** One of the prompts with the highest scores of a window, when they were last computed. */
export const TrendingPrompt = defineEntity({
  name: 'TrendingPrompt',
  tableName: 'trending_prompts',
  properties: { window: p.string().length(20).primary(), promptId: p.uuid().primary(), rank: p.bigint() },
})
