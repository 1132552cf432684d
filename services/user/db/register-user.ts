import { bytea, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { emission, eventParams, eventValues, outboxCte } from '#chassis/events/outbox.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { EVENTS } from '#contracts/events.ts'
import type { NewSession } from '../sessions.ts'
import { PROFILE, type ProfileRow } from './profile.ts'

/** An account that is about to be stored. */
export type NewUser = {
  id: string
  username: string
  email: string
  /** The bcrypt hash. */
  password: string
  firstName: string
  lastName: string
}

/**
 * A new user, the first session and the event, in one statement. No row comes back when the username or the e-mail address is another
 * user's: an error would show the address in the database's log.
 */
export const registerUserStatement = statement('register_user', {
  id: uuid,
  username: text,
  email: text,
  password: text,
  firstName: text,
  lastName: text,
  sessionId: uuid,
  tokenHash: bytea,
  issuedAt: timestamptz,
  expiresAt: timestamptz,
  ...eventParams,
})<ProfileRow>(
  (p) => `with made as (
    insert into users (id, username, email, password, first_name, last_name, created_at)
    values (${p.id}, ${p.username}, ${p.email}, ${p.password}, nullif(${p.firstName}, ''), nullif(${p.lastName}, ''),
      ${p.issuedAt})
    on conflict do nothing
    returning *
  ),
  session as (
    insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
    select ${p.sessionId}, ${p.sessionId}, id, ${p.tokenHash}, ${p.issuedAt}, ${p.expiresAt} from made
  ),
  ${outboxCte(p, {
    from: 'made m',
    at: 'm.created_at',
    aggregateId: 'm.id',
    events: [
      emission(EVENTS.userRegistered, {
        metadata: { aggregateId: 'm.id', aggregateRevision: 'm.revision' },
        username: 'm.username',
        email: 'm.email',
      }),
    ],
  })}
  select ${PROFILE} from made u`,
)

/** Whether the names of a new user are taken; a username also when it is held, for whomever. */
export const takenNames = statement('taken_names', { username: text, email: text })<{
  username: boolean
  email: boolean
}>(
  (p) => `select exists (select from users where lower(username collate "C") = lower(${p.username} collate "C"))
      or exists (select from held_usernames where name = lower(${p.username} collate "C") collate "default" and held_until > now()) as username,
    exists (select from users where lower(email collate "C") = lower(${p.email} collate "C")) as email`,
)

/** Stores a user with a first session; undefined when one of the names is taken. */
export async function registerUser(
  { sql, origin }: Pick<PublicCall, 'sql' | 'origin'>,
  user: NewUser,
  session: NewSession,
): Promise<ProfileRow | undefined> {
  const { id, username, email, password, firstName, lastName } = user
  const { hash, issuedAt, expiresAt } = session
  const [row] = await sql(registerUserStatement, {
    id,
    username,
    email,
    password,
    firstName,
    lastName,
    sessionId: session.id,
    tokenHash: hash,
    issuedAt,
    expiresAt,
    ...eventValues(origin),
  })
  return row
}
