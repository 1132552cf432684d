import { brokenConstraint } from '#chassis/db/failures.ts'
import { eventParams } from '#chassis/events/outbox.ts'
import { notFound, staleEtag } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import type { UpdateUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import * as db from '../db/update-user.ts'
import { usernameTaken } from '../user.ts'
import { toFullUser } from './view.ts'

// Unique as written, unique whatever its case, and not held for somebody else.
const RULES_OF_NAMES = new Set(['users_username_key', 'users_username_lower', 'held_usernames_held'])

export const updateUser = async (request: UpdateUserRequest, call: Call) => {
  if (!(await mayChange(request.userId, call))) throw notFound('user')
  const [row] = await call.sql(db.updateUser, changeOf(request, call)).catch((error: unknown) => {
    throw RULES_OF_NAMES.has(brokenConstraint(error) ?? '') ? usernameTaken() : error
  })
  if (!row) throw notFound('user')
  if (row.outcome === 'ETAG_STALE') throw staleEtag(String(row.revision))
  return { user: toFullUser(row) }
}

async function mayChange(userId: string, call: Call) {
  return userId === call.caller.userId || (await call.presentRole()).role === 'ADMIN'
}

const changeOf = (
  { userId, etag, username, firstName, lastName, bio }: UpdateUserRequest,
  { origin }: Call,
): db.Change => [
  userId,
  etag ?? null,
  username ?? null,
  firstName ?? null,
  lastName ?? null,
  bio ?? null,
  ...eventParams(origin, 1),
]
