import { serve } from '#chassis/grpc/server.ts'
import { ApiKeyServiceService } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { UserInternalServiceService, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Deps } from '../context.ts'
import { batchGetUsers } from './batch-get-users.ts'
import { changePassword } from './change-password.ts'
import { checkCaller } from './check-caller.ts'
import { createApiKey } from './create-api-key.ts'
import { exchangeApiKey } from './exchange-api-key.ts'
import { deactivateUser } from './deactivate-user.ts'
import { followUser } from './follow-user.ts'
import { getJwks } from './get-jwks.ts'
import { getUser } from './get-user.ts'
import { listApiKeys } from './list-api-keys.ts'
import { listClosedAccounts } from './list-closed-accounts.ts'
import { listFollowers } from './list-followers.ts'
import { listFollowing } from './list-following.ts'
import { listUsers } from './list-users.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { refreshToken } from './refresh-token.ts'
import { register } from './register.ts'
import { revokeApiKey } from './revoke-api-key.ts'
import { setUserRole } from './set-user-role.ts'
import { unfollowUser } from './unfollow-user.ts'
import { updateUser } from './update-user.ts'

/** The table: a handler for each RPC. */
export const services = (deps: Deps) => [
  serve(AuthServiceService, {
    register: register(deps),
    login: login(deps),
    exchangeApiKey: exchangeApiKey(deps),
    refreshToken: refreshToken(deps),
    logout,
    changePassword: changePassword(deps),
    getJwks: getJwks(deps),
  }),
  serve(ApiKeyServiceService, {
    createApiKey: createApiKey(deps),
    listApiKeys: listApiKeys(deps),
    revokeApiKey: revokeApiKey(deps),
  }),
  serve(UserServiceService, {
    getUser,
    batchGetUsers,
    listUsers: listUsers(deps),
    updateUser,
    deactivateUser,
    setUserRole,
    followUser,
    unfollowUser,
    listFollowers: listFollowers(deps),
    listFollowing: listFollowing(deps),
  }),
  serve(UserInternalServiceService, { checkCaller, listClosedAccounts }),
]
