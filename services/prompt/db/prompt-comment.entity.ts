import { defineEntity, p } from '@mikro-orm/postgresql'
import { Prompt } from './prompt.entity.ts'

/** A comment on a prompt, or on a comment that is not itself one on a comment. A deleted one keeps its place while it has replies. */
export const PromptComment = defineEntity({
  name: 'PromptComment',
  tableName: 'prompt_comments',
  properties: {
    id: p.uuid().primary(),
    prompt: () => p.manyToOne(Prompt),
    userId: p.uuid(),
    username: p.string().length(50),
    content: p.text(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3).nullable(),
    parentId: p.uuid().nullable(),
    deletedAt: p.datetime(3).nullable(),
  },
})
