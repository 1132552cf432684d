import { notAllowed } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { user_RoleToJSON } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { SetUserRoleRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { EVENTS } from '#contracts/events.ts'
import { roleChanged } from '../audited.ts'
import { activeUserToChange } from '../db/active-user-to-change.ts'
import { applyRole, type Role } from '../user.ts'
import { toFullUser } from './view.ts'

export const setUserRole = ({ userId, role }: SetUserRoleRequest, call: Call) =>
  call.transaction(async (em, emit, now) => {
    if (userId === call.caller.userId) throw notAllowed('you cannot change your own role: ask another administrator')
    const user = await activeUserToChange(em, userId)
    const { role: before } = user
    applyRole(user, user_RoleToJSON(role) as Role, now)
    emit.audit(EVENTS.userAudited, roleChanged(user, before))
    return { user: toFullUser(user) }
  })
