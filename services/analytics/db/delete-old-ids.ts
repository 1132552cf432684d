import { type Sql, statement } from '#chassis/db/statements.ts'
import { REPEATABLE_DAYS } from '../months.ts'

const deleteSome = statement<[], { deleted: number }>(
  'delete_old_event_ids',
  `with gone as (
    delete from event_ids where ctid = any (array(
      select ctid from event_ids where event_time < now() - interval '${REPEATABLE_DAYS} days' limit 10000
    )) returning 1
  )
  select count(*)::integer as deleted from gone`,
)

/** Forgets the ids of events that cannot come again. */
export async function deleteOldIds(sql: Sql, signal: AbortSignal): Promise<void> {
  let deleted = 1
  while (deleted > 0 && !signal.aborted) deleted = (await sql(deleteSome, []))[0]!.deleted
}
