import { Client } from 'pg'
import { STREAMS } from '#contracts/events.ts'
import { deleteAll, deletion } from '../db/deletion.ts'
import { arrayOf, text, timestamptz, uuid } from '../db/params.ts'
import { type Sql, statement } from '../db/statements.ts'
import type { Job } from '../jobs.ts'
import type { Logger } from '../logger.ts'
import { pause } from '../pause.ts'
import type { OutboxRow } from './envelope.ts'
import type { OutboxStore } from './outbox-store.ts'

/** Any number, the same for all services: the lock is per database. */
export const RELAY_LOCK = 7_264_303

/** Milliseconds between two attempts to become the one that publishes, and between two signs of life of the connection. */
const LEAD_MS = 1000

/** Rows and bytes of payload that are read at once: what a relay has in memory, twice. */
const PAGE_ROWS = 1000
const PAGE_BYTES = 4 * 1024 * 1024

const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** The outbox of a PostgreSQL database, read by `sql`. The lead is an advisory lock on a connection of its own. */
export const postgresOutbox = (url: string, sql: Sql, log: Logger): OutboxStore => ({
  lead: async (signal, work) => {
    while (!signal.aborted) {
      await leadOnce(url, signal, work).catch((err: unknown) => log.warn({ err }, 'the relay lost its database'))
      await pause(LEAD_MS, signal)
    }
  },
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
  everyMs: 3_600_000,
  run: (signal) => deleteAll(sql, deleteOld, signal),
})

async function leadOnce(url: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>) {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000, keepAlive: true })
  const lost = new AbortController()
  client.on('error', () => lost.abort())
  client.on('end', () => lost.abort())
  try {
    await client.connect()
    const { rows } = await client.query('select pg_try_advisory_lock($1) as held', [RELAY_LOCK])
    if (!rows[0].held) return
    const leading = AbortSignal.any([signal, lost.signal])
    const alive = setInterval(() => void client.query('select 1').catch(() => lost.abort()), LEAD_MS)
    await work(leading).finally(() => clearInterval(alive))
  } finally {
    await client.end().catch(() => undefined)
  }
}

// From the beginning at each sweep: ids are made before their rows are committed, so a lower one may appear later.
const readWaiting = statement('read_outbox', { after: uuid, without: arrayOf(text) })<OutboxRow>(
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

const countWaiting = statement(
  'count_outbox',
  {},
)<{ rows: number; oldest: Date | null }>(
  () => `select (
    select count(*)::integer from (
      select from outbox where processed_at is null and abandoned_at is null limit 1000000
    ) waiting
  ) as rows, (
    select min(occurred_at) from (
      select occurred_at from outbox where processed_at is null and abandoned_at is null order by id limit 100
    ) oldest
  ) as oldest`,
)

// A thousand: each may have the content of a prompt.
const deleteOld = deletion('delete_old_outbox', 'outbox', `processed_at < now() - interval '7 days'`, 1000)

async function replay(sql: Sql, since: Date): Promise<number> {
  let replayed = 0
  for (let after = FIRST_ID; ;) {
    const rows = await sql(makeWait, { since, after })
    if (rows.length === 0) return replayed
    replayed += rows.length
    after = rows
      .map(({ id }) => id)
      .toSorted()
      .at(-1)!
  }
}

const makeWait = statement('replay_outbox', { since: timestamptz, after: uuid })<{ id: string }>(
  (p) => `update outbox set processed_at = null where id = any (array(
    select id from outbox where processed_at is not null and occurred_at >= ${p.since} and id > ${p.after} order by id limit 5000
  )) returning id`,
)
