import { v7 } from 'uuid'
import { brokenConstraint } from '#chassis/db/failures.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import type { RegisterRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import type { Deps } from '../context.ts'
import { type NewUser, registerUser, takenNames } from '../db/register-user.ts'
import { emailTaken, takenAndGone, usernameTaken } from '../user.ts'
import { toFullUser } from './view.ts'

export const register =
  ({ passwords, newSession }: Pick<Deps, 'passwords' | 'newSession'>) =>
  async (request: RegisterRequest, call: PublicCall) => {
    const password = await passwords.hash(request.password, call.signal)
    const user: NewUser = { ...request, id: v7(), password }
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
  return taken!.email ? emailTaken() : takenAndGone()
}
