import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { LRUCache } from 'lru-cache'
import { unauthenticated, unavailable } from '../errors.ts'

/** Hours within which every access token ends. After that services forget whose account was closed or erased. */
export const LONGEST_TOKEN_HOURS = 1

/** What a user may do, as the token says it. */
export type Role = 'USER' | 'MODERATOR' | 'ADMIN'

/** The signed-in user behind a call. */
export type Caller = {
  userId: string
  username: string
  /** As it was when the token was signed: for anything above USER ask `Call.currentAccount`. */
  role: Role
  /** `jti` of the access token. */
  tokenId: string
  /** When the token is no longer accepted, milliseconds since 1970. */
  expiresAt: number
  /** The API key that the token was made from, with its scopes as tokens spell them (`prompts:read`); undefined for who signed in. */
  apiKey?: { id: string; scopes: ReadonlySet<string> } | undefined
  /** The access token itself, for calls on the user's behalf. Never logged. */
  token: string
}

/** Verifies an access token. Throws UNAUTHENTICATED (TOKEN_INVALID), or UNAVAILABLE when the keys cannot be had. */
export type VerifyToken = (token: string) => Promise<Caller>

/** The one signature algorithm of access tokens: Ed25519. */
export const TOKEN_ALGORITHM = 'EdDSA'

/** Seconds by which clocks may differ. */
export const CLOCK_SKEW_SECONDS = 30

/** After a key id that is not in the key set, milliseconds before the set is fetched for such a reason again. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000

/** Milliseconds after which the key set is fetched again anyway, so that retired keys go. */
const KEYS_MAX_AGE_MS = 600_000

const CACHED_TOKENS = 10_000

/**
 * Makes the verifier of one service. A verified token is cached until it expires, because a verification costs a quarter of
 * a millisecond.
 */
export function createTokenVerifier(options: { issuer: string; audience: string; keys: JWTVerifyGetKey }): VerifyToken {
  const verified = new LRUCache<string, Caller>({ max: CACHED_TOKENS })
  const rules = {
    issuer: options.issuer,
    audience: options.audience,
    algorithms: [TOKEN_ALGORITHM],
    clockTolerance: CLOCK_SKEW_SECONDS,
    requiredClaims: ['sub', 'jti', 'iat', 'exp', 'username', 'role'],
  }
  return async (token) => {
    const known = verified.get(token)
    if (known && known.expiresAt > Date.now()) return known
    const { payload } = await jwtVerify(token, options.keys, rules).catch((error: unknown) => {
      throw verificationFailure(error)
    })
    const caller = readClaims(payload, token)
    verified.set(token, caller)
    return caller
  }
}

/**
 * The public keys as `fetchKeys` gets them: fetched when first needed, when a token names an unknown key (one fetch at a
 * time, and at most one in 30 s however many such tokens come), and every 10 minutes.
 */
export function remoteKeys(fetchKeys: () => Promise<JSONWebKeySet>): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL('promptforge:keys'), {
    cooldownDuration: UNKNOWN_KEY_COOLDOWN_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    [customFetch]: async () => Response.json(await fetchKeys()),
  })
}

function readClaims(payload: JWTPayload, token: string): Caller {
  const { sub, jti, exp, username, role } = payload
  if (typeof username !== 'string' || !isRole(role)) throw invalidToken()
  const expiresAt = (exp! + CLOCK_SKEW_SECONDS) * 1000
  return { userId: sub!, username, role, tokenId: jti!, expiresAt, apiKey: readApiKey(payload), token }
}

// RFC 9068 names both claims.
function readApiKey({ scope, client_id: id }: JWTPayload): Caller['apiKey'] {
  if (scope === undefined && id === undefined) return undefined
  if (typeof scope !== 'string' || typeof id !== 'string') throw invalidToken()
  return { id, scopes: new Set(scope.split(' ')) }
}

const isRole = (role: unknown): role is Role => role === 'USER' || role === 'MODERATOR' || role === 'ADMIN'

function verificationFailure(error: unknown) {
  const isTokensFault =
    error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC'
  return isTokensFault ? invalidToken(error) : unavailable('the key set', error)
}

/** UNAUTHENTICATED: the access token is not one of ours, or no longer. */
export const invalidToken = (cause?: unknown) =>
  unauthenticated('TOKEN_INVALID', 'the access token is malformed, expired, or not for this API: sign in again', {
    cause,
  })

/** UNAUTHENTICATED: the access token was good when the stream began, and has expired. */
export const tokenExpired = () =>
  unauthenticated(
    'TOKEN_INVALID',
    'the access token has expired: open the stream again with a new one, after the last cursor that you have',
  )
