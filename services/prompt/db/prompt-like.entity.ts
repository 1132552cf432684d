import { defineEntity, p } from '@mikro-orm/postgresql'
import { Prompt } from './prompt.entity.ts'

/** That somebody likes a prompt. */
export const PromptLike = defineEntity({
  name: 'PromptLike',
  tableName: 'prompt_likes',
  properties: {
    id: p.uuid().primary(),
    prompt: () => p.manyToOne(Prompt),
    userId: p.uuid(),
    createdAt: p.datetime(3),
  },
  uniques: [{ properties: ['prompt', 'userId'] }],
})
