import { postgres } from '#chassis/db/postgres.ts'
import type { ServiceDefinition } from '#chassis/define-service.ts'
import { commands } from './commands.ts'
import { config, type UserConfig } from './config.ts'
import { createContext, type Deps } from './context.ts'
import { readAccount } from './db/check-caller.ts'
import { closedAccountsPage } from './db/closed-accounts.ts'
import { resync } from './db/resync.ts'
import { schema } from './db/schema.ts'
import { recoveryOf } from './events/recovery.ts'
import { jobs } from './jobs.ts'
import { services } from './rpc/index.ts'
import { passwordCommand } from './set-password.ts'

/** The user service: accounts, sign-in, and the keys that sign access tokens. */
export const userService: ServiceDefinition<UserConfig, Deps> = {
  name: 'user',
  nouns: ['auth', 'user'],
  config,
  store: postgres(schema),
  context: createContext,
  services,
  jobs,
  resync,
  recovery: recoveryOf,
  commands: (deps) => ({ ...commands(deps), ...passwordCommand(deps) }),
  identity: ({ keys, database }) => ({
    keys: keys.verification,
    checkCaller: ({ userId }) => readAccount(database.sql, userId),
    closedAccounts: (after) => closedAccountsPage(database.sql, after),
  }),
}
