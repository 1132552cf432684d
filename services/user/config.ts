import { type PostgresConfig, postgresSchema, type Schema, secret } from '#chassis/config.ts'

/** The configuration of the user service, beside what every service has. */
export type UserConfig = PostgresConfig & {
  tokens: { accessSeconds: number; refreshSeconds: number; graceSeconds: number }
  passwords: { cost: number; parallel: number }
  keys: { secret: string; rotationSeconds: number; cacheSeconds: number }
}

/** The schema of UserConfig. */
export const config: Schema<UserConfig> = {
  ...postgresSchema('user', 50_051),
  tokens: {
    accessSeconds: {
      doc: 'Seconds for which an access token is valid: 1 to 3,599, because services forget after an hour whose account was erased.',
      format: 'nat',
      default: 900,
      env: 'PF_ACCESS_TOKEN_SECONDS',
    },
    refreshSeconds: {
      doc: 'Seconds for which a refresh token is valid; each use gives a new one.',
      format: 'nat',
      default: 30 * 86_400,
      env: 'PF_REFRESH_TOKEN_SECONDS',
    },
    graceSeconds: {
      doc: 'Seconds for which a refresh token that was used may come again, from a second tab or after a lost answer, and gives the same new one; later it ends the session.',
      format: 'nat',
      default: 10,
      env: 'PF_REFRESH_GRACE_SECONDS',
    },
  },
  passwords: {
    cost: {
      doc: 'Cost of bcrypt, 4 to 31: each step doubles the time of a hash. A password is hashed again with a new cost when its user signs in.',
      format: 'nat',
      default: 12,
      env: 'PF_BCRYPT_COST',
    },
    parallel: {
      doc: 'Passwords that are hashed concurrently; 0: one per core, at most three.',
      format: 'nat',
      default: 0,
      env: 'PF_BCRYPT_PARALLEL',
    },
  },
  keys: {
    secret: {
      doc: 'Secret that encrypts the private signing keys in the database and makes the successors of refresh tokens, shared by all replicas: 32 characters or more.',
      format: secret,
      default: '',
      env: 'PF_SIGNING_KEY_SECRET',
      sensitive: true,
    },
    rotationSeconds: {
      doc: 'Seconds for which a signing key signs before the next key replaces it.',
      format: 'nat',
      default: 30 * 86_400,
      env: 'PF_SIGNING_KEY_ROTATION_SECONDS',
    },
    cacheSeconds: {
      doc: 'Seconds for which the key set may be cached. The next key is published long before it signs.',
      format: 'nat',
      default: 60,
      env: 'PF_JWKS_CACHE_SECONDS',
    },
  },
}
