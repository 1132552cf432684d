import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { newId } from '#chassis/ids.ts'
import type { KeyRing } from '#chassis/signing/key-ring.ts'
import type { Tokens } from '#contracts/gen/promptforge/auth/v1/auth.ts'
import { signAccessToken, type TokenRules } from './access-tokens.ts'
import type { UsedToken } from './db/rotate-refresh-token.ts'
import type { Role } from './user.ts'

/** A session that is about to be stored: only the hash of its refresh token is stored. */
export type NewSession = {
  /** Of the refresh token, and of the family that descends from it. */
  id: string
  hash: Buffer
  issuedAt: Date
  expiresAt: Date
  /** What the client gets: the refresh token, which expires then, and an access token for this user. */
  tokensFor(user: { id: string; username: string; role: Role }, refreshTokenExpiresAt?: Date): Promise<Tokens>
}

/**
 * Makes a refresh token: draws 256 random bits, or makes the successor of the token that was presented, which is the same each time.
 * Whatever could keep the tokens from being signed is thrown here, before anything is stored.
 */
export type NewSessions = (presented?: string) => Promise<NewSession>

/** Makes sessions with these names and lives. Who does not know `secret` cannot make the successor of a token. */
export function createSessions(
  keys: Pick<KeyRing, 'signer'>,
  rules: TokenRules & { refreshSeconds: number },
  secret: string,
): NewSessions {
  const successorKey = Buffer.from(hkdfSync('sha256', secret, '', 'promptforge refresh tokens', 32))
  const successorOf = (token: string) => createHmac('sha256', successorKey).update(token).digest()
  return async (presented) => {
    const signer = await keys.signer()
    const bytes = presented === undefined ? randomBytes(32) : successorOf(presented)
    const refreshToken = bytes.toString('base64url')
    const issuedAt = new Date()
    const expiresAt = new Date(issuedAt.getTime() + rules.refreshSeconds * 1000)
    return {
      id: newId(),
      hash: hashOfToken(refreshToken),
      issuedAt,
      expiresAt,
      tokensFor: async (user, refreshTokenExpiresAt = expiresAt) => {
        const accessTokenExpiresAt = new Date(issuedAt.getTime() + rules.accessSeconds * 1000)
        const times = { issuedAt, expiresAt: accessTokenExpiresAt }
        const accessToken = await signAccessToken(signer, rules, user, times)
        return { accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt }
      },
    }
  }
}

/**
 * Whether a used token came again from a second tab, or after an answer was lost: shortly after it was used, and before its successor
 * is. Otherwise somebody has it who should not.
 */
export function isRepeat(
  { rotated_at: rotatedAt, now, successor_expires_at: successor, status }: UsedToken,
  graceSeconds: number,
): boolean {
  if (!rotatedAt || !successor || status !== 'ACTIVE') return false
  return now.getTime() - rotatedAt.getTime() <= graceSeconds * 1000
}

/** What is stored of a refresh token or an API key: its SHA-256. It is random, so no salt and no slow hash are needed. */
export const hashOfToken = (token: string) => createHash('sha256').update(token).digest()
