import type { Base } from '#chassis/define-service.ts'
import type { Database } from '#chassis/db/orm.ts'
import type { Logger } from '#chassis/logger.ts'
import type { PageTokens } from '#chassis/page-token.ts'
import { createFieldCipher } from '#chassis/field-cipher.ts'
import type { UserConfig } from './config.ts'
import { rotateSigningKeys } from './db/rotate-signing-keys.ts'
import { createKeyRing, type KeyRing } from './key-ring.ts'
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
  /** Makes the signing keys that are due, and answers with their ids. */
  rotateKeys(): Promise<string[]>
}

/** Makes the context of one service. Throws when the configuration has a value that cannot be. */
export function createContext({ config, database, log, pageTokens }: Base<UserConfig>): Deps {
  const { passwords } = config
  checkTokenRules(config.tokens)
  const tokens = { ...config.auth, ...config.tokens }
  const { cacheSeconds, rotationSeconds, secret } = config.keys
  const cipher = createFieldCipher(secret, KEYS_PURPOSE)
  const times = { cacheSeconds, rotationSeconds, accessSeconds: tokens.accessSeconds }
  const rotateKeys = () => rotateSigningKeys(database.fork(), cipher, times)
  const keys = createKeyRing({ sql: database.sql, cipher, cacheSeconds, rotateKeys })
  return {
    database,
    log,
    keys,
    rotateKeys,
    tokens,
    pageTokens,
    passwords: createPasswords(passwords),
    newSession: createSessions(keys, tokens, secret),
  }
}
