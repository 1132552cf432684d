import type { Schema } from '#chassis/db/orm.ts'
import { ApiKey } from './api-key.entity.ts'
import { ClosedAccount } from './closed-account.entity.ts'
import { HeldUsername } from './held-username.entity.ts'
import { RefreshToken } from './refresh-token.entity.ts'
import { RevokedApiKey } from './revoked-api-key.entity.ts'
import { SignInFailure } from './sign-in-failure.entity.ts'
import { SigningKey } from './signing-key.entity.ts'
import { UserFollow } from './user-follow.entity.ts'
import { User } from './user.entity.ts'
import { migrations } from './migrations/index.ts'

/** What this service stores. */
export const schema = {
  entities: [
    User,
    UserFollow,
    RefreshToken,
    SigningKey,
    SignInFailure,
    HeldUsername,
    ClosedAccount,
    ApiKey,
    RevokedApiKey,
  ],
  tables: ['outbox'],
  migrations,
} satisfies Schema
