import { unauthenticated } from '#chassis/errors.ts'
import { accountClosed } from '#chassis/grpc/access.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { RefreshTokenRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'
import { endSession } from '../db/end-sessions.ts'
import { inspectRefreshToken, rotateRefreshToken, type UsedToken } from '../db/rotate-refresh-token.ts'
import { hashOfToken, isRepeat } from '../sessions.ts'

export const refreshToken =
  ({ newSession, tokens: { graceSeconds } }: Pick<Deps, 'newSession' | 'tokens'>) =>
  async (request: RefreshTokenRequest, { sql }: PublicCall) => {
    const hash = hashOfToken(request.refreshToken)
    const next = await newSession(request.refreshToken)
    const { id: nextId, hash: nextHash, issuedAt, expiresAt } = next
    const [user] = await sql(rotateRefreshToken, { hash, nextId, nextHash, issuedAt, expiresAt })
    if (user) return { tokens: await next.tokensFor(user) }
    const [used] = await sql(inspectRefreshToken, { hash, nextHash })
    if (!used || !isRepeat(used, graceSeconds)) throw await refusal(sql, used)
    return { tokens: await next.tokensFor(used, used.successor_expires_at!) }
  }

async function refusal(sql: PublicCall['sql'], token: UsedToken | undefined) {
  if (token?.rotated_at) {
    await endSession(sql, token.family_id)
    return unauthenticated(
      'REFRESH_TOKEN_REUSED',
      'this refresh token was used before, so its session has been ended: sign in',
    )
  }
  if (token?.status === 'DEACTIVATED') return accountClosed()
  return unauthenticated('REFRESH_TOKEN_INVALID', 'the refresh token is unknown, expired or revoked: sign in')
}
