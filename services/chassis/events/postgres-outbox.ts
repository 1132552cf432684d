import { STREAMS } from '#contracts/events.ts'
import { deleteAll, deletion } from '../db/deletion.ts'
import { arrayOf, text, timestamptz, uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import { FIRST_ID, firstIdOf } from '../ids.ts'
import type { Job } from '../jobs.ts'
import type { OutboxRow } from './envelope.ts'
import type { OutboxStore } from './outbox-store.ts'

/** Rows and bytes of payload that are read at once: what a relay has in memory, twice. */
const PAGE_ROWS = 1000
const PAGE_BYTES = 4 * 1024 * 1024

/** The outbox of a PostgreSQL database, read by `sql`. */
export const postgresOutbox = (sql: Sql): OutboxStore => ({
  read: (after, without) =>
    sql(readWaiting, { after: after ?? FIRST_ID, without: without.map((name) => `${STREAMS[name].prefix}%`) }),
  markPublished: (ids) => sql(markPublished, { ids }),
  markRefused: (ids) => sql(markRefused, { ids }),
  markAbandoned: (ids) => sql(markAbandoned, { ids }),
  waiting: async () => {
    const [row] = await sql(countWaiting, {})
    return { rows: row!.rows, oldest: row!.oldest ?? undefined }
  },
  replay: (since) => replay(sql, since),
})

/** Deletes what was published more than seven days ago. */
export const deletePublished = (sql: Sql): Job => ({
  name: 'delete old events of the outbox',
  on: 'one replica',
  everyMs: 3_600_000,
  run: (signal) => deleteAll(sql, deleteOld, signal),
})

/** The statement of `read`. */
export const readWaiting = statement('read_outbox', { after: uuid, without: arrayOf(text) })<OutboxRow>(
  (p) => `select id, subject, payload, headers, occurred_at as "occurredAt", attempts from (
    select *, sum(octet_length(payload::text)) over (order by id) as bytes, row_number() over (order by id) as nth
    from (
      select id, subject, payload, headers, occurred_at, attempts from outbox
      where processed_at is null and abandoned_at is null and id > ${p.after} and subject not like all (${p.without})
      order by id limit ${PAGE_ROWS}
    ) page
  ) measured
  where bytes <= ${PAGE_BYTES} or nth = 1
  order by id`,
)

const markPublished = statement('mark_outbox_published', { ids: arrayOf(uuid) })(
  (p) => `update outbox set processed_at = now() where id = any (${p.ids})`,
)

const markRefused = statement('mark_outbox_refused', { ids: arrayOf(uuid) })(
  (p) => `update outbox set attempts = attempts + 1 where id = any (${p.ids})`,
)

const markAbandoned = statement('mark_outbox_abandoned', { ids: arrayOf(uuid) })(
  (p) => `update outbox set abandoned_at = now(), attempts = attempts + 1 where id = any (${p.ids})`,
)

/** The statement of `waiting`. */
export const countWaiting = statement(
  'count_outbox',
  {},
)<{ rows: number; oldest: Date | null }>(
  () => `select (
    select count(*)::integer from (
      select from outbox where processed_at is null and abandoned_at is null limit 1000000
    ) waiting
  ) as rows, (
    select min(created_at) from (
      select created_at from outbox where processed_at is null and abandoned_at is null order by id limit 100
    ) oldest
  ) as oldest`,
)

// A thousand: each may have the content of a prompt.
const deleteOld = deletion('delete_old_outbox', 'outbox', `processed_at < now() - interval '7 days'`, 1000)

/** Milliseconds by which the clock in an event's id may be behind that of its `occurred_at`. */
const EARLY_MS = 3_600_000

async function replay(sql: Sql, since: Date): Promise<number> {
  let replayed = 0
  for (let after = firstIdOf(since.getTime() - EARLY_MS); ;) {
    const rows = await sql(makeWait, { since, after })
    if (rows.length === 0) return replayed
    replayed += rows.length
    after = rows
      .map(({ id }) => id)
      .toSorted()
      .at(-1)!
  }
}

/** The statement of `replay`: a page of it. */
export const makeWait = statement('replay_outbox', { since: timestamptz, after: uuid })<{ id: string }>(
  (p) => `update outbox set processed_at = null where id = any (array(
    select id from outbox where processed_at is not null and occurred_at >= ${p.since} and id > ${p.after} order by id limit 5000
  )) returning id`,
)
