import { auditValues } from '#chassis/audit.ts'
import { unauthenticated } from '#chassis/errors.ts'
import { eventValues } from '#chassis/events/outbox.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { ChangePasswordRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { aboutUser } from '../audited.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/change-password.ts'
import { endOtherSessions } from '../db/end-sessions.ts'
import { findAccountById } from '../db/find-account.ts'
import { hashOfToken } from '../sessions.ts'
import { attemptOf } from '../sign-in.ts'
import { changedMeanwhile } from '../user.ts'
import { isInUse, signInSlowed } from './sign-in-attempt.ts'

export const changePassword =
  ({ passwords }: Pick<Deps, 'passwords'>) =>
  async ({ presentPassword, newPassword, refreshToken }: ChangePasswordRequest, call: Call) => {
    const { sql, caller, origin, signal } = call
    const { userId } = caller
    const keptFamilyId = await ownSession(call, refreshToken)
    // By the name, as somebody signs in who guesses: the same failures count for both.
    const { account, address } = attemptOf(caller.username, origin.address)
    await passwords.inTurn(address, signal, async ({ hash, verify }) => {
      const row = (await sql(findAccountById, { login: userId, account, address }))[0]!
      if (row.wait_ms !== null) throw signInSlowed(row.wait_ms)

      const isRight = await verify(presentPassword, row.id === null ? undefined : row.password)
      if (!isRight || !isInUse(row))
        throw unauthenticated('CREDENTIALS_INVALID', 'this is not your present password: check it')

      const password = await hash(newPassword)
      const change = {
        userId,
        revision: row.password_revision,
        password,
        keptFamilyId,
        account,
        address,
        ...eventValues(origin),
        ...auditValues(EVENTS.userAudited, origin, aboutUser(Action.PASSWORD_CHANGED, userId)),
      }
      const [changed] = await sql(db.changePassword, change)
      if (!changed) throw changedMeanwhile()
    })
    await endOtherSessions(sql, userId, keptFamilyId)
    return {}
  }

async function ownSession({ sql, caller }: Call, refreshToken: string): Promise<string> {
  const [session] = await sql(db.findSessionOf, { hash: hashOfToken(refreshToken), userId: caller.userId })
  if (!session)
    throw unauthenticated('REFRESH_TOKEN_INVALID', 'the refresh token is not of a session of yours: sign in again')
  return session.family_id
}
