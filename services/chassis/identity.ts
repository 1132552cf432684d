import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { User_Role, User_Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import { UserInternalServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Account } from './grpc/access.ts'
import type { Origin } from './grpc/call.ts'
import { type Channel, createStub, forward } from './grpc/client.ts'
import { type Caller, remoteKeys, type Role } from './grpc/tokens.ts'

/** Some recently closed accounts and revoked API keys. `next` continues behind them; it is undefined at the end. */
export type ClosedPage = { userIds: readonly string[]; apiKeyIds: readonly string[]; next: string | undefined }

/** How a service knows users: the keys of their tokens, and what they are at present. */
export type Identity = {
  keys: JWTVerifyGetKey
  checkCaller(caller: Caller, origin: Origin): Promise<Account>
  /**
   * The users whose accounts were closed, and the API keys that were revoked, so recently that there may still be an access token: a page
   * of those after an id.
   */
  closedAccounts(after: string | undefined): Promise<ClosedPage>
}

/** Identity as the user service provides it. */
export function remoteIdentity(userService: Channel): Identity {
  const auth = createStub(userService, AuthServiceService)
  const users = createStub(userService, UserInternalServiceService)
  const fetchKeys = async () => {
    const { data } = await auth.getJwks({})
    return JSON.parse(data.toString()) as JSONWebKeySet
  }
  return {
    keys: remoteKeys(fetchKeys),
    checkCaller: async (_caller, origin) => {
      const { role, status } = await users.checkCaller({}, forward(origin))
      return { role: roleName(role), active: status === User_Status.ACTIVE }
    },
    closedAccounts: async (after) => {
      const { userIds, apiKeyIds, nextPageToken } = await users.listClosedAccounts({ pageToken: after })
      return { userIds, apiKeyIds, next: nextPageToken || undefined }
    },
  }
}

/** A role as tokens and databases spell it. An unknown one is the least of them. */
const roleName = (role: User_Role): Role => {
  if (role === User_Role.ADMIN) return 'ADMIN'
  return role === User_Role.MODERATOR ? 'MODERATOR' : 'USER'
}
