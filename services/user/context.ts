import type { Base } from '#chassis/define-service.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Logger } from '#chassis/logger.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { createKeyRing, type KeyRing } from '#chassis/signing/key-ring.ts'
import type { UserConfig } from './config.ts'
import { SigningKey } from './db/signing-key.entity.ts'
import { checkTokenRules, type TokenRules } from './access-tokens.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import { createSessions, type NewSessions } from './sessions.ts'

/** Part of what encrypts them, so it never changes. */
const KEYS_PURPOSE = 'promptforge signing keys'

/** What handlers and jobs of this service need beside the call; each takes the part that it uses. */
export type Deps = {
  database: Database
  log: Logger
  keys: KeyRing
  passwords: Passwords
  newSession: NewSessions
  /** What access tokens say and how long they are valid; seconds for which a refresh token that was used may come again. */
  tokens: TokenRules & { graceSeconds: number }
  pageTokens: PageTokens
}

/** Makes the context of one service. Throws when the configuration has a value that cannot be. */
export function createContext({ config, database, log, pageTokens }: Base<UserConfig>): Deps {
  const { passwords } = config
  checkTokenRules(config.tokens)
  const tokens = { ...config.auth, ...config.tokens }
  const { cacheSeconds, rotationSeconds, secret } = config.keys
  const keys = createKeyRing({
    database,
    table: SigningKey,
    secret,
    secretName: 'PF_SIGNING_KEY_SECRET',
    purpose: KEYS_PURPOSE,
    times: { cacheSeconds, rotationSeconds, validSeconds: tokens.accessSeconds },
  })
  return {
    database,
    log,
    keys,
    tokens,
    pageTokens,
    passwords: createPasswords(passwords),
    newSession: createSessions(keys, tokens, secret),
  }
}
