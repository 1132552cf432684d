import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Role } from '../user.ts'

/** An account with its profile. `password` is a bcrypt hash. */
export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary(),
    username: p.string().length(50).unique(),
    email: p.string().length(100).unique(),
    password: p.string().length(255).lazy(),
    firstName: p.string().length(50).nullable(),
    lastName: p.string().length(50).nullable(),
    role: p.enum(['USER', 'MODERATOR', 'ADMIN']).columnType('varchar(20)').nullable().$type<Role>().default('USER'),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3).nullable(),
    status: p.enum(['ACTIVE', 'DEACTIVATED']).columnType('varchar(20)').default('ACTIVE'),
    bio: p.string().length(500).nullable(),
    followersCount: p.integer().default(0),
    followingCount: p.integer().default(0),
    revision: p.integer().default(1),
    passwordRevision: p.integer().default(1),
    followsRevision: p.integer().default(0),
    erasedAt: p.datetime(3).nullable(),
  },
})
