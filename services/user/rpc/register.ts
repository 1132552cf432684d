import { brokenConstraint } from '#chassis/db/failures.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import { networkOf } from '#chassis/network.ts'
import type { RegisterRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'
import { type NewUser, registerUser, takenNames } from '../db/register-user.ts'
import { changedMeanwhile, emailTaken, usernameTaken } from '../user.ts'
import { toFullUser } from './view.ts'

export const register =
  ({ passwords, newSession }: Pick<Deps, 'passwords' | 'newSession'>) =>
  async (request: RegisterRequest, call: PublicCall) => {
    // First of all, so that what is said of a name that is held does not depend on the e-mail address: that would tell which exist.
    const [names] = await call.sql(takenNames, { username: request.username, email: request.email })
    if (names!.username) throw usernameTaken()
    const network = networkOf(call.origin.address)
    const password = await passwords.inTurn(network, call.signal, ({ hash }) => hash(request.password))
    const user: NewUser = { ...request, id: newId(), password }
    const session = await newSession()
    const row = await registerUser(call, user, session).catch((error: unknown) => {
      throw brokenConstraint(error) === 'held_usernames_held' ? usernameTaken() : error
    })
    if (!row) throw await whatIsTaken(call.sql, request)
    return { user: toFullUser(row), tokens: await session.tokensFor(row) }
  }

async function whatIsTaken(sql: PublicCall['sql'], { username, email }: RegisterRequest) {
  const [taken] = await sql(takenNames, { username, email })
  if (taken!.username) return usernameTaken()
  return taken!.email ? emailTaken() : changedMeanwhile()
}
