import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * Whose a prompt is, whether it is in lists for everyone, and how it is called then, at the highest revision that was heard of. A deleted one stays so. `resynced`:
 * the command `resync` told this, and no event has that revision.
 */
export const PromptFacts = defineEntity({
  name: 'PromptFacts',
  tableName: 'prompt_facts',
  properties: {
    promptId: p.uuid().primary(),
    ownerId: p.uuid(),
    visible: p.boolean(),
    deleted: p.boolean(),
    revision: p.bigint(),
    resynced: p.boolean().default(false),
    title: p.string().length(200).nullable(),
    category: p.string().length(50).nullable(),
  },
})
