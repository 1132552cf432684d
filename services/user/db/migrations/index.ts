import { Users } from './20261125220000-users.ts'
import { SignIn } from './20261125220100-sign-in.ts'
import { HeldUsernames } from './20261125220200-held-usernames.ts'
import { Outbox } from './20261126050000-outbox.ts'
import { UnusedTables } from './20261127000000-unused-tables.ts'
import { ClosedAccounts } from './20261127020000-closed-accounts.ts'
import { HeldUsernameIndex } from './20261127065800-held-username-index.ts'
import { Accounts } from './20261127080000-accounts.ts'
import { ApiKeys } from './20261127095000-api-keys.ts'
import { ErasedUsers } from './20261127115000-erased-users.ts'

/** Oldest first. The names are stored in the database, so they never change. */
export const migrations = [
  { name: '20261125220000-users', class: Users },
  { name: '20261125220100-sign-in', class: SignIn },
  { name: '20261125220200-held-usernames', class: HeldUsernames },
  { name: '20261126050000-outbox', class: Outbox },
  { name: '20261127000000-unused-tables', class: UnusedTables },
  { name: '20261127020000-closed-accounts', class: ClosedAccounts },
  { name: '20261127065800-held-username-index', class: HeldUsernameIndex },
  { name: '20261127080000-accounts', class: Accounts },
  { name: '20261127095000-api-keys', class: ApiKeys },
  { name: '20261127115000-erased-users', class: ErasedUsers },
]
