import { uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { endOf } from './emissions.ts'
import { settleCtes } from './settle.ts'

/** What people read of a test that was cancelled. */
export const CANCELLED_MESSAGE = 'cancelled'

/** A test that was cancelled; one that runs is ended by its worker. */
export type Marked = { id: string; status: 'RUNNING' | 'FAILED' }

/** What is set of tests, named `t`, that have not ended: one that waits ends, and costs nothing for that; one that runs is marked for its worker. */
export const CANCELLING = `cancel_requested_at = coalesce(t.cancel_requested_at, now()), revision = t.revision + 1,
      status = case when t.status = 'PENDING' then 'FAILED' else t.status end,
      completed_at = case when t.status = 'PENDING' then now() end,
      cancelled_at = case when t.status = 'PENDING' then now() end,
      error_code = case when t.status = 'PENDING' then 'CANCELLED' end,
      error_message = case when t.status = 'PENDING' then '${CANCELLED_MESSAGE}' end`

/** Cancels a user's test. No row: it is not the user's, or has ended. */
export const cancelTest = statement('cancel_test', { id: uuid, userId: uuid, ...eventParams })<Marked>(
  (p) => `with marked as (
    update prompt_tests t set ${CANCELLING}
    where t.id = ${p.id} and t.user_id = ${p.userId} and t.status in ('PENDING', 'RUNNING')
    returning t.*
  ),
  ended as (select * from marked where status = 'FAILED'),
  ${settleCtes('ended', '0')},
  ${outboxCte(p, { from: 'ended m', at: 'm.completed_at', aggregateId: 'm.id', events: endOf('m') })}
  select id, status from marked`,
)
