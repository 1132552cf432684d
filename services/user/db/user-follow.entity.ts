import { defineEntity, p } from '@mikro-orm/postgresql'
import { User } from './user.entity.ts'

/** One user follows another. */
export const UserFollow = defineEntity({
  name: 'UserFollow',
  tableName: 'user_follows',
  properties: {
    id: p.uuid().primary(),
    follower: () => p.manyToOne(User),
    following: () => p.manyToOne(User),
    createdAt: p.datetime(3),
  },
  uniques: [{ properties: ['follower', 'following'] }],
})
