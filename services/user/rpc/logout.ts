import type { Call } from '#chassis/grpc/call.ts'
import type { LogoutRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { endAllSessions, endSessionOf } from '../db/end-sessions.ts'
import { hashOfToken } from '../sessions.ts'

export const logout = async ({ session }: LogoutRequest, { sql, caller }: Call) => {
  if (session?.$case === 'refreshToken') await endSessionOf(sql, hashOfToken(session.value), caller.userId)
  else await endAllSessions(sql, caller.userId)
  return {}
}
