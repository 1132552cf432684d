import type { Database } from '#chassis/db/orm.ts'
import { arrayOf, text, uuid } from '#chassis/db/params.ts'
import { type Sql, statement, unprepared } from '#chassis/db/statements.ts'
import { EVENTS } from '#contracts/events.ts'

// Planned at each run: nobody knows how large the table was when a plan was made.
const findErased = unprepared({ ids: arrayOf(uuid), event: text })<{ about: string }>(
  (p) => `select about from counted_once where about = any (${p.ids}) and event = ${p.event}`,
)

type Named = { userId: string | null; username: string | null; email?: string | null; properties: string | null }

/** Stores rows without the names of users who were erased, and answers as `store` does. `counted_once` has who was. */
export async function storeWithoutErased<Row extends Named, Answer>(
  database: Pick<Database, 'sql' | 'maintain'>,
  rows: Row[],
  store: (rows: Row[]) => Promise<Answer>,
): Promise<Answer> {
  const erased = new Set(await erasedOf(database.sql, namedIn(rows)))
  const cleared = rows.map((row) => (row.userId !== null && erased.has(row.userId) ? withoutName(row) : row))
  const answer = await store(cleared)
  await eraseAgain(database, namedIn(cleared))
  return answer
}

/**
 * Erases those of these users once more who were erased. It is for after something of them was stored: an erasure that ended meanwhile has not
 * seen it.
 */
export async function eraseAgain({ sql, maintain }: Pick<Database, 'sql' | 'maintain'>, ids: string[]): Promise<void> {
  for (const userId of await erasedOf(sql, ids)) await eraseUser({ maintain }, userId)
}

const namedIn = (rows: Named[]) =>
  rows.flatMap(({ userId, username }) => (userId !== null && username !== null ? [userId] : []))

async function erasedOf(sql: Sql, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return []
  const found = await sql(findErased, { ids: [...new Set(ids)], event: EVENTS.userErased.name })
  return found.map(({ about }) => about)
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
