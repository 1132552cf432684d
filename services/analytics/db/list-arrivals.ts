import { bigint, type ParamsOf, xid8 } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Position } from '../arrivals.ts'

/** An event as it arrived. */
export type ArrivalRow = {
  xid: string
  about: Position['about']
  id: string
  event_id: string
  event_type: string
  event_time: Date
  created_at: Date
  prompt_id: string | null
  user_id: string | null
  username: string | null
}

/** How many events a page has at most. It stands in the text, as in lists. */
export const PAGE = 500

/**
 * The oldest transaction that may still store events here: all that the ones before it have stored can be read. Numbers of transactions are
 * those of the whole server, so what runs in another database of it is passed over, when its lock says so.
 */
export const findHorizon = statement(
  'find_horizon',
  {},
)<{ horizon: string }>(
  () => `select coalesce(
    (
      select min(running) from pg_snapshot_xip(snapshot) running
      where not exists (
        select from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
          and l.transactionid = running::xid and a.datname <> current_database()
      )
    ),
    pg_snapshot_xmax(snapshot)
  ) as horizon
  from pg_current_snapshot() snapshot`,
)

const params = { xid: xid8, promptEventId: bigint, userEventId: bigint, horizon: xid8 }

/**
 * The next events after a place, in the order of arrival, up to the horizon. Several replicas store events at once, and ids of rows do not
 * become visible in their order: who reads by them passes over what is stored later under a lower one. Transactions below the horizon are
 * all over, so that nothing can come between their rows any more. That costs the writing nothing. Reading waits for the oldest transaction
 * of this database that writes, which `idle_in_transaction_session_timeout` ends after ten seconds when it does nothing.
 */
export const listArrivals = statement(
  'list_arrivals',
  params,
)<ArrivalRow>(
  (p) => `select * from (
    (select xid, 'p' as about, id, event_id, event_type, event_time, created_at, prompt_id, user_id, username
    from prompt_activity_events
    where (xid, id) > (${p.xid}, ${p.promptEventId}) and xid < ${p.horizon}
    order by xid, id
    limit ${PAGE})
    union all
    (select xid, 'u', id, event_id, event_type, event_time, created_at, null, user_id, username
    from user_activity_events
    where (xid, id) > (${p.xid}, ${p.userEventId}) and xid < ${p.horizon}
    order by xid, id
    limit ${PAGE})
  ) arrivals
  order by xid, about, id
  limit ${PAGE}`,
)

/** The parameters for what comes after a place. */
export function arrivalParams({ xid, about, id }: Position, horizon: bigint): ParamsOf<typeof params> {
  const ids = about === 'p' ? { promptEventId: id, userEventId: 0n } : { promptEventId: LAST_ROW, userEventId: id }
  return { xid, ...ids, horizon }
}

const LAST_ROW = 2n ** 63n - 1n
