import { notAllowed } from '#chassis/errors.ts'
import { isAdmin } from '#chassis/grpc/access.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { readPage } from '#chassis/page-token.ts'
import { user_RoleToJSON, user_StatusToJSON } from '#contracts/gen/promptforge/user/v1/user.ts'
import type { ListUsersRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/list-users.ts'
import type { Role, Status } from '../user.ts'
import { readersView } from './readers-view.ts'

export const listUsers =
  ({ pageTokens }: Pick<Deps, 'pageTokens'>) =>
  async ({ usernamePrefix: prefix, role, status, ...request }: ListUsersRequest, call: PublicCall) => {
    const isFiltered = role !== undefined || status !== undefined
    if (isFiltered && !(await isAdmin(call)))
      throw notAllowed('only administrators list users by role or status: leave out both')
    const filter = {
      role: role === undefined ? undefined : (user_RoleToJSON(role) as Role),
      status: status === undefined ? 'ACTIVE' : (user_StatusToJSON(status) as Status),
    } as const
    const asked = { ...request, scope: ['ListUsers', prefix, filter] }
    const readerId = call.caller?.userId ?? null
    const { page, nextPageToken } = await readPage(pageTokens, asked, db.cursorOf, (cursor, limit) =>
      call.sql(db.listUsersQuery(filter), { prefix, after: db.nameAfter(cursor), readerId, limit }),
    )
    return { users: page.map(await readersView(call)), nextPageToken }
  }
