import { integer, nullable, text, uuid } from '#chassis/db/params.ts'
import { type Statement, statement } from '#chassis/db/statements.ts'
import { type Cursor, MAX_ROWS } from '#chassis/page-token.ts'
import type { Role, Status } from '../user.ts'
import { followedBy, PROFILE, type ProfileRow } from './profile.ts'

/** Who is listed. */
export type UserFilter = { status: Status; role: Role | undefined }

const params = { prefix: text, after: text, readerId: nullable(uuid), limit: integer }

type Params = { prefix: string; after: string; readerId: string | null; limit: number }
type Row = ProfileRow & { followed_by_me: boolean }

const STATUSES = ['ACTIVE', 'DEACTIVATED'] as const satisfies Status[]
const ROLES = [undefined, 'USER', 'MODERATOR', 'ADMIN'] as const satisfies (Role | undefined)[]

// As the index `users_username_lower` has it.
const NAME = 'lower(u.username collate "C")'

/** A statement for each status and role, which stand in the text: few accounts are closed or have a role, and those have indexes. */
export const LIST_USERS: ReadonlyMap<string, Statement<Params, Row>> = new Map(
  STATUSES.flatMap((status) => ROLES.map((role) => [shapeOf({ status, role }), writeQuery({ status, role })] as const)),
)

/** The statement for a filter: users by name in lower case behind `after`, whose names begin with `prefix`. */
export const listUsersQuery = (filter: UserFilter) => LIST_USERS.get(shapeOf(filter))!

/** Where the page after this row begins. */
export const cursorOf = ({ username }: ProfileRow): Cursor => [username.toLowerCase()]

/** The name behind which the page after a cursor begins. */
export const nameAfter = (cursor: Cursor | undefined) => String(cursor?.[0] ?? '')

function shapeOf({ status, role }: UserFilter) {
  return ['list_users', status, ...(role ? [role] : [])].join('_').toLowerCase()
}

// `{` comes behind every character that a username can have.
function writeQuery(filter: UserFilter): Statement<Params, Row> {
  const { status, role } = filter
  return statement(
    shapeOf(filter),
    params,
  )<Row>(
    (p) => `select * from (
      select ${PROFILE}, ${followedBy(p.readerId)}
      from users u
      where ${NAME} > ${p.after}
        and ${NAME} >= lower(${p.prefix} collate "C") and ${NAME} < lower(${p.prefix} collate "C") || '{'
        and u.status = '${status}'${role ? ` and u.role = '${role}'` : ''}
      order by ${NAME}
      limit ${MAX_ROWS}
    ) page limit ${p.limit}`,
  )
}
