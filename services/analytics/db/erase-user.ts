import type { Database } from '#chassis/db/orm.ts'
import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { EVENTS } from '#contracts/events.ts'

/**
 * SQL of a column of `incoming` that identifies its user: null when that is an erased one. `counted_once` has who was erased. A scalar subquery
 * is always a look by its key, never a scan.
 */
export const unlessErased = (column: string) =>
  `case when ${column} is not null and ${IS_ERASED} is null then ${column} end`

const IS_ERASED = `(select true from counted_once c where c.about = incoming.user_id and c.event = '${EVENTS.userErased.name}')`

const eraseUserEvents = statement('erase_user_events', { userId: uuid })(
  (p) => `update user_activity_events set username = null, email = null, properties = properties - 'previousUsername'
    where user_id = ${p.userId} and (username is not null or email is not null or properties ? 'previousUsername')`,
)

const erasePromptEvents = statement('erase_prompt_events', { userId: uuid })(
  (p) => `update prompt_activity_events set username = null where user_id = ${p.userId} and username is not null`,
)

/** Takes the names and the address of a user from all events that are stored. It may be done again. */
export const eraseUser = ({ maintain }: Pick<Database, 'maintain'>, userId: string): Promise<unknown> =>
  maintain(async (sql) => {
    await sql(eraseUserEvents, { userId })
    await sql(erasePromptEvents, { userId })
  })
