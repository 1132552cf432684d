import { defineEntity, p } from '@mikro-orm/postgresql'

/** What a prompt can be about. `promptsCount` is that of public, published prompts; `ranks.ts` keeps it. */
export const Category = defineEntity({
  name: 'Category',
  tableName: 'categories',
  properties: {
    name: p.string().length(50).primary(),
    title: p.string().length(100),
    promptsCount: p.integer().default(0),
  },
})
