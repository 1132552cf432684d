import { bigint, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { CANCELLED_MESSAGE } from './cancel-test.ts'
import { endOf, job } from './emissions.ts'
import { NO_MONEY } from './insert-test.ts'
import { settleCtes } from './settle.ts'

/** Rows of one sweep. */
export const MAX_SWEPT = 500

/** Attempts after which a test whose worker was lost is given up: so at most two calls have an unknown end. */
export const MAX_ATTEMPTS = 2

/** Tells the workers again of tests that are due and of which nobody was told for a minute. */
export const dispatchDue = statement(
  'dispatch_due',
  eventParams,
)<{ id: string }>(
  (p) => `with due as (
    select id from prompt_tests
    where status = 'PENDING' and coalesce(not_before, '-infinity') <= now()
      and coalesce(dispatched_at, '-infinity') < now() - interval '60 seconds'
    order by id limit ${MAX_SWEPT} for update skip locked
  ),
  sent as (update prompt_tests t set dispatched_at = now() from due where t.id = due.id returning t.*),
  ${outboxCte(p, { from: 'sent m', at: 'm.dispatched_at', aggregateId: 'm.id', events: [job('m')] })}
  select id from sent`,
)

/** Tests whose workers have not been heard of in time. */
export const listLost = statement(
  'list_lost',
  {},
)<{ id: string }>(
  () => `select id from prompt_tests where status = 'RUNNING' and lease_until < now() order by id limit ${MAX_SWEPT}`,
)

const isLost = (t: string, id: string) => `${t}.id = ${id} and ${t}.status = 'RUNNING' and ${t}.lease_until < now()`

/**
 * Lets a test whose worker is lost run again: the lost call counts as spent, and as much is reserved anew. No row: it has had its attempts,
 * is to be cancelled, or is not lost any more. Fails with PF001 when the budget does not allow another call, and changes nothing.
 */
export const requeueLost = statement('requeue_lost', { id: uuid, defaultLimit: bigint, ...eventParams })<{
  id: string
}>(
  (p) => `with lost as (
    update prompt_tests t
    set status = 'PENDING', worker_id = null, lease_until = null, dispatched_at = now(), usage_source = 'ESTIMATED',
      cost_micros = t.cost_micros + t.reserved_micros, revision = t.revision + 1
    where ${isLost('t', p.id)} and t.attempts < ${MAX_ATTEMPTS} and t.cancel_requested_at is null
    returning t.*
  ),
  of_user as (
    select l.*, coalesce(b.daily_limit_micros, ${p.defaultLimit}) as daily_limit from lost l join budgets b using (user_id)
  ),
  reserved as (
    update spend s set spent = s.spent + u.reserved_micros from of_user u
    where s.user_id = u.user_id and s.day = u.spend_day and s.reserved + s.spent + u.reserved_micros <= u.daily_limit
    returning 1
  ),
  ${outboxCte(p, { from: 'lost m', at: 'm.dispatched_at', aggregateId: 'm.id', events: [job('m')] })}
  select id, case when not exists (select from reserved) then refuse('${NO_MONEY}') end from lost`,
)

/** Ends a test whose worker is lost: the lost call counts as spent. No row: it is not lost any more. */
export const giveUpLost = statement('give_up_lost', { id: uuid, ...eventParams })<{ id: string }>(
  (p) => `with ended as (
    update prompt_tests t
    set status = 'FAILED', worker_id = null, lease_until = null, completed_at = now(), usage_source = 'ESTIMATED',
      error_code = case when t.cancel_requested_at is null then 'WORKER_LOST' else 'CANCELLED' end,
      error_message = case when t.cancel_requested_at is null
        then 'the worker that ran it was lost: the model may have been called' else '${CANCELLED_MESSAGE}' end,
      cancelled_at = case when t.cancel_requested_at is not null then now() end,
      cost_micros = t.cost_micros + t.reserved_micros,
      cost = round((t.cost_micros + t.reserved_micros) / 1000000.0, 4), revision = t.revision + 1
    where ${isLost('t', p.id)}
    returning t.*
  ),
  ${settleCtes('ended', 'e.reserved_micros')},
  ${outboxCte(p, { from: 'ended m', at: 'm.completed_at', aggregateId: 'm.id', events: endOf('m') })}
  select id from ended`,
)

/** How many tests have not ended, of all users, but for those of suites' runs: counted up to `max` and one more. */
export const countUnfinished = statement('count_unfinished', { max: bigint })<{ count: number }>(
  (p) => `select count(*)::integer as count from (
    select from prompt_tests where status in ('PENDING', 'RUNNING') and suite_run_id is null limit ${p.max} + 1
  ) unfinished`,
)
