import type { PublicCall } from '#chassis/grpc/call.ts'
import type { BatchGetUsersRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import * as db from '../db/batch-get-users.ts'
import { readersView } from './readers-view.ts'

export const batchGetUsers = async ({ userIds }: BatchGetUsersRequest, call: PublicCall) => {
  const rows = await call.sql(db.batchGetUsers, { userIds, readerId: call.caller?.userId ?? null })
  const view = await readersView(call)
  const found = new Map(rows.map((row) => [row.id, row]))
  const inOrder = [...new Set(userIds)].map((id) => found.get(id)).filter((row) => row !== undefined)
  return { users: inOrder.map(view) }
}
