import { randomBytes } from 'node:crypto'
import { type EntityManager, LockMode } from '@mikro-orm/postgresql'
import { brokenConstraint } from '#chassis/db/failures.ts'
import type { Received } from '#chassis/events/envelope.ts'
import { happenedAt, type Note, type Recovery, recovery, whenNewer } from '#chassis/events/recover.ts'
import { newId } from '#chassis/ids.ts'
import type {
  UserDeactivated,
  UserErased,
  UserFollowed,
  UserRegistered,
  UserRenamed,
  UserUnfollowed,
} from '#contracts/gen/promptforge/user/v1/user_events.ts'
import type { Deps } from '../context.ts'
import { UserFollow } from '../db/user-follow.entity.ts'
import { User } from '../db/user.entity.ts'

type Parts = Pick<Deps, 'database' | 'passwords'>

/**
 * What `recover` brings back: accounts, names, that accounts were closed, and follows. Passwords, roles, profiles, sessions and API keys are in no
 * event: an account that comes back has a password that nobody knows.
 */
export const recoveryOf = (parts: Parts): Recovery =>
  recovery({
    userRegistered: onRegistered(parts),
    userRenamed: onRenamed(parts),
    userDeactivated: onDeactivated(parts.database),
    userFollowed: onFollow(parts, true),
    userUnfollowed: onFollow(parts, false),
    userErased: onErased(parts),
  })

const TAKEN = 'the name or the e-mail address of this account was taken by another one: decide which keeps it'

const userToChange = (em: EntityManager, id: string) => em.findOne(User, id, { lockMode: LockMode.PESSIMISTIC_WRITE })

/** What came of the work; a note when it gives a name to two accounts. */
const unlessTaken = (work: Promise<Note | undefined>): Promise<Note | undefined> =>
  work.catch((error: unknown) => {
    if (brokenConstraint(error) !== undefined) return TAKEN
    throw error
  })

const onRegistered =
  ({ database, passwords }: Parts) =>
  async (received: Received<UserRegistered>): Promise<Note | undefined> => {
    const { metadata, username, email } = received.payload
    const id = metadata!.aggregateId
    if (email === '' || (await database.fork().findOne(User, id))) return undefined
    const signal = new AbortController().signal
    const password = await passwords.inTurn('recover', signal, ({ hash }) => hash(randomBytes(32).toString('base64')))
    const createdAt = happenedAt(received)
    const registering = database.transaction(received, async (em) => {
      em.create(User, { id, username, email, password, createdAt })
      return 'the account is back without its password: set one with `password EMAIL`'
    })
    return unlessTaken(registering)
  }

const renamed = whenNewer(userToChange, (_, received: Received<UserRenamed>) => ({
  username: received.payload.username,
  updatedAt: happenedAt(received),
}))

const onRenamed =
  ({ database }: Parts) =>
  (received: Received<UserRenamed>): Promise<Note | undefined> =>
    unlessTaken(renamed(database)(received))

const onDeactivated = whenNewer(userToChange, (_, received: Received<UserDeactivated>) => ({
  status: 'DEACTIVATED',
  updatedAt: happenedAt(received),
}))

/** Both facts: `active` says which. */
const onFollow =
  ({ database }: Parts, active: boolean) =>
  (received: Received<UserFollowed | UserUnfollowed>): Promise<Note | undefined> =>
    database.transaction(received, async (em) => {
      const { metadata, followingId } = received.payload
      const follower = await userToChange(em, metadata!.aggregateId)
      const following = await userToChange(em, followingId)
      const followsRevision = Number(metadata!.aggregateRevision)
      if (!follower || !following) return 'the follow is not back: one of its two accounts is not there'
      if (followsRevision <= follower.followsRevision) return undefined
      follower.followsRevision = followsRevision
      const stored = await em.findOne(UserFollow, { follower, following })
      if (active === (stored !== null)) return undefined
      if (stored) em.remove(stored)
      else em.create(UserFollow, { id: newId(), follower, following, createdAt: happenedAt(received) })
      follower.followingCount += active ? 1 : -1
      following.followersCount += active ? 1 : -1
      return undefined
    })

const onErased =
  ({ database }: Parts) =>
  async ({ payload }: Received<UserErased>): Promise<Note | undefined> => {
    const userId = payload.metadata!.aggregateId
    const user = await database.fork().findOne(User, userId)
    return user && !user.erasedAt ? 'the account is back and had been erased: run `erase` with its id' : undefined
  }
