import type { Database } from '#chassis/db/orm.ts'
import { arrayOf, text, uuid } from '#chassis/db/params.ts'
import { type Sql, statement, unprepared } from '#chassis/db/statements.ts'
import { EVENTS } from '#contracts/events.ts'

// Planned at each run: nobody knows how large the table was when a plan was made.
const findErased = unprepared({ ids: arrayOf(uuid), event: text })<{ about: string }>(
  (p) => `select about from counted_once where about = any (${p.ids}) and event = ${p.event}`,
)

type Named = { userId: string | null; username: string | null; email?: string | null; properties: string | null }

/** Rows as they may be stored: without the names of users who were erased. `counted_once` has who was. */
export async function withoutErased<Row extends Named>(sql: Sql, rows: Row[]): Promise<Row[]> {
  const ids = new Set(rows.flatMap(({ userId, username }) => (userId !== null && username !== null ? [userId] : [])))
  if (ids.size === 0) return rows
  const found = await sql(findErased, { ids: [...ids], event: EVENTS.userErased.name })
  const erased = new Set(found.map(({ about }) => about))
  if (erased.size === 0) return rows
  return rows.map((row) => (row.userId !== null && erased.has(row.userId) ? withoutName(row) : row))
}

const withoutName = <Row extends Named>(row: Row): Row => ({
  ...row,
  username: null,
  ...(row.email && { email: null }),
  properties: row.properties && JSON.stringify({ ...JSON.parse(row.properties), previousUsername: undefined }),
})

const eraseUserEvents = statement('erase_user_events', { userId: uuid })(
  (p) => `update user_activity_events set username = null, email = null, properties = properties - 'previousUsername'
    where user_id = ${p.userId} and (username is not null or email is not null or properties ? 'previousUsername')`,
)

const erasePromptEvents = statement('erase_prompt_events', { userId: uuid })(
  (p) => `update prompt_activity_events set username = null where user_id = ${p.userId} and username is not null`,
)

const eraseAuditEntries = statement('erase_audit_entries', { userId: uuid })(
  (p) => `update audit_entries set client_address = null, user_agent = null, reason = null
    where actor_id = ${p.userId} and (client_address is not null or user_agent is not null or reason is not null)`,
)

/** Takes the names and the address of a user from all events that are stored, and from the audit log from where the user did something and why. It may be done again. */
export const eraseUser = ({ maintain }: Pick<Database, 'maintain'>, userId: string): Promise<unknown> =>
  maintain(async (sql) => {
    await sql(eraseUserEvents, { userId })
    await sql(erasePromptEvents, { userId })
    await sql(eraseAuditEntries, { userId })
  })
