import { aborted, alreadyExists, invalid } from '#chassis/errors.ts'
import type { Role } from '#chassis/grpc/tokens.ts'
import { changedText, revise } from '#chassis/revise.ts'

export type { Role } from '#chassis/grpc/tokens.ts'

/** A status as the table spells it. */
export type Status = 'ACTIVE' | 'DEACTIVATED'

/** The part of a user that a change of profile, role or status reads and writes. */
type Changeable = {
  username: string
  firstName?: string | null
  lastName?: string | null
  bio?: string | null
  role?: Role | null
  status: Status
  revision: number
  updatedAt?: Date | null
}

/** A change of a profile: an absent field keeps its value; an empty text clears a name or the bio. */
export type ProfileChange = Partial<Record<'username' | 'firstName' | 'lastName' | 'bio', string>>

/**
 * Changes a profile in place. The revision increases if anything changes. Answers with the former username if the user has
 * another one, even if only its case differs.
 */
export function applyProfile(user: Changeable, change: ProfileChange, now: Date): { formerUsername?: string } {
  const { username: formerUsername } = user
  const changes = {
    username: change.username ?? user.username,
    firstName: changedText(user.firstName, change.firstName),
    lastName: changedText(user.lastName, change.lastName),
    bio: changedText(user.bio, change.bio),
  }
  revise(user, changes, now)
  return user.username === formerUsername ? {} : { formerUsername }
}

/** Changes a user's role in place. The revision increases if the role was a different one. */
export function applyRole(user: Changeable, role: Role, now: Date): void {
  revise(user, { role }, now)
}

/** Closes an account in place. */
export function applyDeactivation(user: Changeable, now: Date): void {
  revise(user, { status: 'DEACTIVATED' }, now)
}

/** ALREADY_EXISTS: another user has the username, or gave it up within the last 90 days. */
export const usernameTaken = () =>
  alreadyExists('USERNAME_TAKEN', 'username', 'the username is taken: choose another one')

/** ALREADY_EXISTS: there is an account with this e-mail address. */
export const emailTaken = () =>
  alreadyExists('EMAIL_TAKEN', 'email', 'an account with this e-mail address exists: sign in')

/** INVALID_ARGUMENT: nobody follows themselves. */
export const notYourself = () => invalid([{ field: 'user_id', description: 'must be another user than yourself' }])

/** ABORTED: what the request was decided by has changed meanwhile. */
export const changedMeanwhile = () =>
  aborted('CONCURRENT_CHANGE', 'another change was made at the same time: repeat the request', { retryAfterMs: 100 })
