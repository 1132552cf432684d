import type { Call } from '#chassis/grpc/call.ts'
import { User_Role, User_Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { CheckCallerRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { readAccount } from '../db/check-caller.ts'

export const checkCaller = async (_: CheckCallerRequest, { sql, caller }: Call) => {
  const { role, active } = await readAccount(sql, caller.userId)
  return { role: User_Role[role], status: active ? User_Status.ACTIVE : User_Status.DEACTIVATED }
}
