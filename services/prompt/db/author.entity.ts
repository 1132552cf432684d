import { defineEntity, p } from '@mikro-orm/postgresql'

/** Somebody who has taken another username, as far as this service has heard of it. Their token may carry the old one. */
export const Author = defineEntity({
  name: 'Author',
  tableName: 'authors',
  properties: {
    userId: p.uuid().primary(),
    username: p.string().length(50),
    revision: p.integer(),
  },
})
