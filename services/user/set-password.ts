import { text } from 'node:stream/consumers'
import { commandCause } from '#chassis/cause.ts'
import type { Commands } from '#chassis/define-service.ts'
import { createRequestCheck } from '#chassis/grpc/validation.ts'
import { PASSWORD } from '#chassis/texts.ts'
import { loadContract } from '#contracts/contract.ts'
import { EVENTS } from '#contracts/events.ts'
import { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { AuthServiceService, RegisterRequest } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { aboutUser } from './audited.ts'
import type { Deps } from './context.ts'
import { activeUserToChange } from './db/active-user-to-change.ts'
import { endAllSessions } from './db/end-sessions.ts'
import { findUserByEmail } from './db/find-user-by-email.ts'

/**
 * `password EMAIL` gives an account the password that is the first line of `input`, and ends its sessions: for an account that `recover` has
 * brought back, whose password is lost. The user changes it at the first sign-in.
 */
export const passwordCommand = (
  { database, passwords }: Pick<Deps, 'database' | 'passwords'>,
  input: AsyncIterable<Uint8Array | string> = process.stdin,
) =>
  ({
    password: async ([email = '']: string[]) => {
      if (email === '')
        throw new Error('password needs the e-mail address of an account, and the password on its input')
      const [password = ''] = (await text(input as NodeJS.ReadableStream)).split('\n')
      checkPassword(password)
      const [found] = await database.sql(findUserByEmail, { email })
      if (!found) throw new Error('no account in use has this e-mail address')
      const hashed = await passwords.inTurn('', new AbortController().signal, ({ hash }) => hash(password))
      const changed = await database.transaction(commandCause('password'), async (em, emit) => {
        const user = await activeUserToChange(em, found.id)
        Object.assign(user, { password: hashed, passwordRevision: user.passwordRevision + 1 })
        emit.audit(EVENTS.userAudited, aboutUser(Action.PASSWORD_RESET, user.id))
        return { userId: user.id, username: user.username }
      })
      await endAllSessions(database.sql, found.id)
      return changed
    },
  }) satisfies Commands

/** Throws INVALID_ARGUMENT, with what is wrong, for a password with which the contract lets nobody register. */
function checkPassword(password: string): void {
  const contract = loadContract()
  const { input } = contract.methods.get(AuthServiceService.register.path)!
  const request = { username: 'nobody', email: 'nobody@example.com', password: PASSWORD.read(password) }
  createRequestCheck(contract, input)(RegisterRequest.encode(RegisterRequest.fromPartial(request)).finish())
}
