import { defineEntity, p } from '@mikro-orm/postgresql'
import { User } from './user.entity.ts'

/** A username that its user gave up, in lower case: no other user can take it before `heldUntil`. */
export const HeldUsername = defineEntity({
  name: 'HeldUsername',
  tableName: 'held_usernames',
  properties: {
    name: p.string().length(50).primary(),
    user: () => p.manyToOne(User),
    heldUntil: p.datetime(3),
  },
})
