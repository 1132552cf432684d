import { setTimeout as sleep } from 'node:timers/promises'
import { validate } from 'uuid'
import { DUPLICATE_MINUTES } from '#contracts/events.ts'
import { jobCause } from '../cause.ts'
import { isTransactionConflict } from '../db/failures.ts'
import { uuid } from '../db/params.ts'
import { type Sql, type Statement, statement } from '../db/statements.ts'
import type { Commands } from '../define-service.ts'
import { FIRST_ID } from '../ids.ts'
import type { Logger } from '../logger.ts'
import { watchOutage } from '../outage.ts'
import { type Emission, eventParams, eventValues } from './outbox.ts'
import type { OutboxStore } from './outbox-store.ts'
import { createProgress, PROGRESS_MS } from './progress.ts'

/** Rows of a page, and bytes at which it ends sooner: what one statement reads and stores. */
const PAGE_ROWS = 200
const PAGE_BYTES = 2 * 1024 * 1024

/** Events in the outbox from which the next page waits until the relay has published some. */
const MAX_WAITING = 1000

/** Milliseconds between two looks at what waits. */
const POLL_MS = 100

/** An event that `resync` tells of a row, and SQL of when it happened: of a row at one revision it is always the same time. */
export type ToldEvent = Emission & { at: string }

/** What came of a page: the id at which it ends, null when there are no more rows; `repeated` events are too young to be taken again. */
type Page = { last: string | null; rows: number; events: number; repeated: number }

/** The statement that tells the events of the page after an id. */
type TellPage = Statement<{ after: string; eventHeaders: string }, Page>

/** What `resync` tells, table after table. */
export type Resync = readonly [TableResync, ...TableResync[]]

type TableResync = { table: string; tellPage: TellPage }

/**
 * A table of which `resync` tells these events of each row `t`, which has the columns `id` and `revision`. `rows` is SQL of a relation that has them, and
 * its ids, when the table itself does not. Default: the table.
 */
export type Told = { table: string; rows?: string; events: ToldEvent[] }

/**
 * Declares what the command `resync` tells, of one table after the other.
 *
 * An id is made of the time of the event, as those of all events in the outbox begin with it, and a hash of the event, the row and its
 * revision: told again at the same revision, it is the same event. It then waits in the outbox once more, as after `replay`.
 */
export const resyncOf = (first: Told, ...others: Told[]): Resync => [ofTable(first), ...others.map(ofTable)]

const ofTable = ({ table, rows = table, events }: Told): TableResync => ({
  table,
  tellPage: statement(`resync_${table}`, { after: uuid, ...eventParams })<Page>(
    (p) => `with page as (
      select * from (
        select r.*, sum(octet_length(r::text)) over by_id as bytes, row_number() over by_id as nth
        from (select * from ${rows} told where id > ${p.after} order by id limit ${PAGE_ROWS}) r
        window by_id as (order by id)
      ) measured
      where bytes <= ${PAGE_BYTES} or nth = 1
    ),
    told as (
      insert into outbox as o (id, subject, payload, headers, occurred_at)
      select ${TOLD_ID} as id, e.subject, jsonb_set(e.payload::jsonb, '{metadata,resync}', 'true')::json, ${p.eventHeaders}, e.at
      from page t cross join lateral (values ${events.map(valuesOfEvent).join(', ')}) e (name, subject, payload, at, is_wanted)
      where e.is_wanted
      order by id
      on conflict (id) do update set payload = excluded.payload, headers = excluded.headers, created_at = now(),
        attempts = 0, processed_at = null, abandoned_at = null
      returning coalesce(old.processed_at > now() - interval '${DUPLICATE_MINUTES} minutes', false) as is_repeated
    )
    select (select id from page order by id desc limit 1) as last, (select count(*)::integer from page) as rows,
      count(*)::integer as events, (count(*) filter (where is_repeated))::integer as repeated
    from told`,
  ),
})

function valuesOfEvent({ event, payload, when, at }: ToldEvent): string {
  const subject = event.perAggregate ? `'${event.subject}.' || t.id` : `'${event.subject}'`
  const wanted =
    when === undefined ? `${payload}, ${at}, true` : `case when ${when} then ${payload} end, ${at}, ${when}`
  return `('${event.name}', ${subject}, ${wanted})`
}

// A UUID of version 8: 48 bits of milliseconds as in version 7, then the hash.
const TOLD_ID = `overlay(overlay(
        lpad(to_hex((extract(epoch from e.at) * 1000)::bigint), 12, '0')
        || left(encode(sha256(convert_to(concat_ws(' ', e.name, t.id, t.revision), 'UTF8')), 'hex'), 20)
        placing '8' from 13) placing '8' from 17)::uuid`

const REPEATED = `these events were published less than ${DUPLICATE_MINUTES} minutes ago, and JetStream does not take them again: if a store was restored since, run resync once more after that time`

type Parts = { sql: Sql; outbox: OutboxStore; resync: Resync; log: Logger }

/**
 * `resync`: tells all consumers what there is, table after table and page by page in the order of ids, and logs how far it is. While many events wait in
 * the outbox, it waits, too: the relay of the running service publishes them. `resync 0198c0de-… TABLE` goes on after that id of that table; without a
 * table, of the first.
 */
export const resyncCommand = ({ sql, outbox, resync, log }: Parts): Commands => ({
  resync: async ([from = FIRST_ID, begin = resync[0].table]) => {
    if (!validate(from)) throw new Error('resync goes on after an id: give the last one that it has logged, or none')
    const names = resync.map(({ table }) => table)
    if (!names.includes(begin)) throw new Error(`resync does not tell of ${begin}: name one of ${names.join(', ')}`)
    const { eventHeaders } = eventValues(jobCause('resync'))
    const told = { rows: 0, events: 0, repeated: 0, table: begin, last: from }
    const say = createProgress(log, 'resync goes on')
    for (const { table, tellPage } of resync.slice(names.indexOf(begin))) {
      if (table !== begin) Object.assign(told, { table, last: FIRST_ID })
      for (;;) {
        await waitForRoom(outbox, log)
        const { last, rows, events, repeated } = await repeatedly(() =>
          sql(tellPage, { after: told.last, eventHeaders }),
        )
        if (last === null) break
        told.rows += rows
        told.events += events
        told.repeated += repeated
        told.last = last
        say(told)
      }
    }
    if (told.repeated > 0) log.warn({ repeated: told.repeated }, REPEATED)
    return told
  },
})

async function waitForRoom(outbox: OutboxStore, log: Logger): Promise<void> {
  const outage = watchOutage()
  const begun = performance.now()
  for (;;) {
    const { rows: waiting } = await outbox.waiting()
    if (waiting < MAX_WAITING) return
    if (performance.now() - begun > PROGRESS_MS)
      outage.failed(() =>
        log.warn({ waiting }, 'resync waits until events have been published: is the service running?'),
      )
    await sleep(POLL_MS)
  }
}

/** A page meets the relay, which marks rows of it that were told before. */
async function repeatedly(tell: () => Promise<Page[]>): Promise<Page> {
  for (;;) {
    try {
      const [page] = await tell()
      return page!
    } catch (error) {
      if (!isTransactionConflict(error)) throw error
    }
  }
}
