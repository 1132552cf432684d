import { aborted, alreadyExists } from '#chassis/errors.ts'

export type { Role } from '#chassis/grpc/tokens.ts'

/** A status as the table spells it. */
export type Status = 'ACTIVE' | 'DEACTIVATED'

/** ALREADY_EXISTS: another user has the username, or gave it up within the last 90 days. */
export const usernameTaken = () =>
  alreadyExists('USERNAME_TAKEN', 'username', 'the username is taken: choose another one')

/** ALREADY_EXISTS: there is an account with this e-mail address. */
export const emailTaken = () =>
  alreadyExists('EMAIL_TAKEN', 'email', 'an account with this e-mail address exists: sign in')

/** ABORTED: what was in the way when it was tried was gone when it was looked for. */
export const takenAndGone = () => aborted('CONCURRENT_CHANGE', 'another change was in the way', { retryAfterMs: 100 })
