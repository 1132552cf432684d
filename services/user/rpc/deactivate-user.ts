import { notFound } from '#chassis/errors.ts'
import { isSelfOrAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { DeactivateUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { aboutUser } from '../audited.ts'
import { activeUserToChange } from '../db/active-user-to-change.ts'
import { endAllSessions } from '../db/end-sessions.ts'
import { applyDeactivation } from '../user.ts'

export const deactivateUser = async ({ userId }: DeactivateUserRequest, call: Call) => {
  if (!(await isSelfOrAdmin(userId, call))) throw notFound('user')
  await call.transaction(async (em, emit, now) => {
    const user = await activeUserToChange(em, userId)
    applyDeactivation(user, now)
    emit(EVENTS.userDeactivated, {
      metadata: { aggregateId: user.id, aggregateRevision: BigInt(user.revision) },
      username: user.username,
    })
    emit.audit(EVENTS.userAudited, aboutUser(Action.ACCOUNT_DEACTIVATED, user.id))
  })
  // From the commit on no session of a closed account goes on; this keeps them ended if the account is opened again.
  await endAllSessions(call.sql, userId)
  return {}
}
