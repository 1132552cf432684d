import { text } from 'node:stream/consumers'
import { jobCause } from '#chassis/cause.ts'
import type { Commands } from '#chassis/define-service.ts'
import type { Deps } from './context.ts'
import { activeUserToChange } from './db/active-user-to-change.ts'
import { endAllSessions } from './db/end-sessions.ts'
import { findUserByEmail } from './db/find-user-by-email.ts'

/** What the contract asks of a password: characters at least, bytes at most. */
const MIN_CHARACTERS = 8
const MAX_BYTES = 72

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
      if (Array.from(password).length < MIN_CHARACTERS || Buffer.byteLength(password) > MAX_BYTES)
        throw new Error(`a password has at least ${MIN_CHARACTERS} characters and at most ${MAX_BYTES} bytes`)
      const [found] = await database.sql(findUserByEmail, { email })
      if (!found) throw new Error('no account in use has this e-mail address')
      const hashed = await passwords.inTurn('', new AbortController().signal, ({ hash }) => hash(password))
      const changed = await database.transaction(jobCause('password'), async (em) => {
        const user = await activeUserToChange(em, found.id)
        Object.assign(user, { password: hashed, passwordRevision: user.passwordRevision + 1 })
        return { userId: user.id, username: user.username }
      })
      await endAllSessions(database.sql, found.id)
      return changed
    },
  }) satisfies Commands
