import { notFound } from '#chassis/errors.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { GetUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import * as db from '../db/get-user.ts'
import { readersView } from './readers-view.ts'

export const getUser = async ({ userId }: GetUserRequest, call: PublicCall) => {
  const [row] = await call.sql(db.getUser, { userId, readerId: call.caller?.userId ?? null })
  if (!row) throw notFound('user')
  const view = await readersView(call)
  return { user: view(row) }
}
