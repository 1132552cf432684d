import { defineEntity, p } from '@mikro-orm/postgresql'

/** A user who has changed the username, as far as this service knows. The user's token may contain the old one. */
export const Author = defineEntity({
  name: 'Author',
  tableName: 'authors',
  properties: {
    userId: p.uuid().primary(),
    username: p.string().length(50),
    revision: p.integer(),
  },
})
