import { arrayOf, integer, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { type Sql, statement, unprepared } from '#chassis/db/statements.ts'
import { firstIdOf, LAST_ID } from '#chassis/ids.ts'
import type { Job } from '#chassis/jobs.ts'

/** SQL of a user's current name: the one that `authors` knows, else the token's, for a token keeps the old one for a while. */
export const currentName = (userId: string, username: string) =>
  `coalesce((select username from authors where user_id = ${userId}), ${username})`

/** Rows that one statement renames: so few that it ends well within its time limit. */
const BATCH_ROWS = 1000

/** Where the name of a user is shown. */
const TABLES = ['prompts', 'prompt_ratings', 'prompt_comments'] as const
type Table = (typeof TABLES)[number]

/**
 * Gives a user another name wherever it is shown, batch by batch. A revision that is not higher than the one that `authors` has does
 * not change the name there; the rows get the name that `authors` has, so that this can be repeated after an interruption.
 */
export async function renameAuthor(sql: Sql, renaming: { userId: string; username: string; revision: number }) {
  await sql(knowAuthor, renaming)
  const { userId } = renaming
  await renamePrompts(sql, userId)
  for (const table of ['prompt_ratings', 'prompt_comments'] as const) {
    for (;;) {
      const rows = await sql(findOtherNames[table], { userId })
      if (rows.length === 0) break
      await sql(renameRows[table], { userId, ids: rows.map(({ id }) => id) })
    }
  }
}

/** Goes through a user's prompts once, from the newest to the oldest: to find those with another name, each batch would pass by all renamed before. */
async function renamePrompts(sql: Sql, userId: string) {
  let before: { createdAt: Date | string; id: string } = { createdAt: 'infinity', id: LAST_ID }
  for (;;) {
    const rows = await sql(pageOfPrompts, { userId, ...before })
    const ids = rows.filter((row) => row.is_other).map(({ id }) => id)
    if (ids.length > 0) await sql(renameRows.prompts, { userId, ids })
    const last = rows.at(-1)
    if (!last || rows.length < BATCH_ROWS) return
    before = { createdAt: last.created_at, id: last.id }
  }
}

/** Stores a user's present name. */
export const knowAuthor = statement('know_author', { userId: uuid, username: text, revision: integer })(
  (p) => `insert into authors (user_id, username, revision) values (${p.userId}, ${p.username}, ${p.revision})
    on conflict (user_id) do update set username = excluded.username, revision = excluded.revision
    where excluded.revision > authors.revision`,
)

const forEachTable = <T>(make: (table: Table) => T) =>
  Object.fromEntries(TABLES.map((table) => [table, make(table)])) as Record<Table, T>

/**
 * A user's prompts before one of them, the newest first, and whether each has another name than the user's present one. Few users
 * have so many that they must not be sorted, and only the user tells.
 */
export const pageOfPrompts = unprepared({
  userId: uuid,
  createdAt: timestamptz,
  id: uuid,
})<{ id: string; created_at: Date; is_other: boolean }>(
  (p) => `select t.id, t.created_at, t.username <> a.username as is_other
  from authors a join prompts t on t.user_id = a.user_id
  where a.user_id = ${p.userId} and (t.created_at, t.id) < (${p.createdAt}, ${p.id})
  order by t.created_at desc, t.id desc limit ${BATCH_ROWS}`,
)

/** Some rows of a user that do not have the user's present name. */
const findRows = (table: Table) =>
  statement(`find_other_names_${table}`, { userId: uuid })<{ id: string }>(
    (p) => `select t.id from authors a join ${table} t on t.user_id = a.user_id
    where a.user_id = ${p.userId} and t.username <> a.username limit ${BATCH_ROWS}`,
  )

/** By table; ratings and comments are small, so that passing by a hundred thousand takes some 30 ms. */
export const findOtherNames = {
  prompt_ratings: findRows('prompt_ratings'),
  prompt_comments: findRows('prompt_comments'),
}

/**
 * Gives these rows of a user the user's present name. The lock keeps that name until the commit. It is a statement of its own for
 * what this one sees is from before it waited for the lock.
 */
export const renameRows = forEachTable((table) =>
  statement(`rename_${table}`, { userId: uuid, ids: arrayOf(uuid) })(
    (p) => `with known as (select username from authors where user_id = ${p.userId} for update)
    update ${table} t set username = k.username from known k where t.id = any (${p.ids})`,
  ),
)

/** Milliseconds between two looks for new rows with a former name. */
const REPAIR_MS = 5000

/**
 * Gives new rows their author's present name: one that was made in the moment in which its author was renamed had read the name
 * before, and was not there yet for `renameAuthor`.
 */
export const repairNames = (sql: Sql): Job => ({
  name: 'repair names of authors',
  on: 'one replica',
  everyMs: REPAIR_MS,
  run: async () => {
    const since = firstIdOf(Date.now() - NEW_MS)
    for (const table of TABLES) await sql(renameNewRows[table], { since })
  },
})

/** Milliseconds for which a row is new: longer than any renaming takes. */
const NEW_MS = 600_000

/** The rows since an id, whose first part is the time. Planned at each run: only with its value does the planner know that they are few. */
export const renameNewRows = forEachTable((table) =>
  unprepared({ since: uuid })(
    (p) => `update ${table} t set username = a.username from authors a
    where a.user_id = t.user_id and t.username <> a.username and t.id > ${p.since}`,
  ),
)
