import { unauthenticated } from '#chassis/errors.ts'
import { accountClosed } from '#chassis/grpc/access.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { RefreshTokenRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'
import { endSession } from '../db/end-sessions.ts'
import { inspectRefreshToken, rotateRefreshToken } from '../db/rotate-refresh-token.ts'
import { hashOfToken } from '../sessions.ts'

export const refreshToken =
  ({ newSession }: Pick<Deps, 'newSession'>) =>
  async (request: RefreshTokenRequest, { sql }: PublicCall) => {
    const presented = hashOfToken(request.refreshToken)
    const next = await newSession()
    const [user] = await sql(rotateRefreshToken, {
      hash: presented,
      nextId: next.id,
      nextHash: next.hash,
      issuedAt: next.issuedAt,
      expiresAt: next.expiresAt,
    })
    if (!user) throw await refusal(sql, presented)
    return { tokens: await next.tokensFor(user) }
  }

async function refusal(sql: PublicCall['sql'], presented: Buffer) {
  const [token] = await sql(inspectRefreshToken, { hash: presented })
  if (token?.is_rotated) {
    await endSession(sql, token.family_id)
    return unauthenticated(
      'REFRESH_TOKEN_REUSED',
      'this refresh token was used before, so its session has been ended: sign in',
    )
  }
  if (token?.status === 'DEACTIVATED') return accountClosed()
  return unauthenticated('REFRESH_TOKEN_INVALID', 'the refresh token is unknown, expired or revoked: sign in')
}
