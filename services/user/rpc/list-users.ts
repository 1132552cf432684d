import { notAllowed } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { cutPage, pageSize } from '#chassis/page-token.ts'
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
    if (isFiltered && (await call.currentAccount()).role !== 'ADMIN')
      throw notAllowed('only administrators list users by role or status: leave out both')
    const filter = {
      role: role === undefined ? undefined : (user_RoleToJSON(role) as Role),
      status: status === undefined ? 'ACTIVE' : (user_StatusToJSON(status) as Status),
    } as const
    const scope = ['ListUsers', prefix, filter]
    const after = db.nameAfter(pageTokens.open(scope, request.pageToken))
    const size = pageSize(request.pageSize)
    const readerId = call.caller?.userId ?? null
    const rows = await call.sql(db.listUsersQuery(filter), { prefix, after, readerId, limit: size + 1 })
    const view = await readersView(call)
    const { page, last } = cutPage(rows, size)
    return { users: page.map(view), nextPageToken: last ? pageTokens.seal(scope, db.cursorOf(last)) : '' }
  }
