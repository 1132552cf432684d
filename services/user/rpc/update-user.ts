import { brokenConstraint } from '#chassis/db/failures.ts'
import { notFound, staleEtag } from '#chassis/errors.ts'
import { isSelfOrAdmin } from '#chassis/grpc/access.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { UpdateUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { activeUserToChange } from '../db/active-user-to-change.ts'
import { applyProfile, usernameTaken } from '../user.ts'
import { toFullUser } from './view.ts'

// Unique as written, unique whatever its case, and not held for somebody else.
const RULES_OF_NAMES = new Set(['users_username_key', 'users_username_lower', 'held_usernames_held'])

export const updateUser = async (request: UpdateUserRequest, call: Call) => {
  if (!(await isSelfOrAdmin(request.userId, call))) throw notFound('user')
  const changed = call.transaction(async (em, emit, now) => {
    const user = await activeUserToChange(em, request.userId)
    if (request.etag !== undefined && request.etag !== String(user.revision)) throw staleEtag(String(user.revision))
    const { formerUsername } = applyProfile(user, request, now)
    if (formerUsername !== undefined) {
      emit(EVENTS.userRenamed, {
        metadata: { aggregateId: user.id, aggregateRevision: BigInt(user.revision) },
        username: user.username,
        previousUsername: formerUsername,
      })
    }
    return user
  })
  const user = await changed.catch((error: unknown) => {
    throw RULES_OF_NAMES.has(brokenConstraint(error) ?? '') ? usernameTaken() : error
  })
  return { user: toFullUser(user) }
}
