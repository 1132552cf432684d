import { defineEntity, p } from '@mikro-orm/postgresql'

/** What a user is called, at the highest revision that was heard of. */
export const UserFacts = defineEntity({
  name: 'UserFacts',
  tableName: 'user_facts',
  properties: { userId: p.uuid().primary(), username: p.string().length(50), revision: p.bigint() },
})
