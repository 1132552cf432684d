import { HeldUsername } from './held-username.entity.ts'
import { RefreshToken } from './refresh-token.entity.ts'
import { SignInFailure } from './sign-in-failure.entity.ts'
import { SigningKey } from './signing-key.entity.ts'
import { UserFollow } from './user-follow.entity.ts'
import { User } from './user.entity.ts'

/** What this service stores, but for the chassis's tables. */
export const entities = [User, UserFollow, RefreshToken, SigningKey, SignInFailure, HeldUsername]
