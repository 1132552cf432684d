import { defineEntity, p } from '@mikro-orm/mongodb'
import { BinaryUuid } from '#chassis/db/mongo-uuid.ts'
import type { EventHeaders } from '#chassis/events/envelope.ts'

/** A version of a prompt. It never changes. */
export const PromptVersion = defineEntity({
  name: 'PromptVersion',
  tableName: 'prompt_versions',
  properties: {
    _id: p.type('ObjectId').primary(),
    promptId: p.type(BinaryUuid),
    version: p.integer(),
    title: p.string(),
    content: p.string(),
    description: p.string(),
    category: p.string(),
    userId: p.type(BinaryUuid),
    changes: p.string(),
    createdAt: p.datetime(),
    versionId: p.type(BinaryUuid),
    variables: p.json<unknown[]>(),
    model: p.string(),
    contentHash: p.string(),
    username: p.string(),
    visible: p.boolean(),
    headers: p.json<EventHeaders>(),
  },
})
