import { integer, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** Keeps that a provider wants to be left alone for so long, unless it has asked for longer. */
export const throttleLane = statement('throttle_lane', { lane: text, pauseMs: integer })(
  (
    p,
  ) => `insert into provider_throttles as x (lane, until) values (${p.lane}, now() + ${p.pauseMs} * interval '1 millisecond')
  on conflict (lane) do update set until = greatest(x.until, excluded.until)`,
)

/** Holds for a test `t` whose provider may be called now. */
export const isOpen = (t: string) =>
  `not exists (select from provider_throttles x where x.lane = ${t}.lane and x.until > now())`

/** Lets a test that is due wait because its provider wants to be left alone, and answers for how long. No row: it does not, or the test is not due. */
export const deferThrottled = statement('defer_throttled', { id: uuid })<{ pause_ms: number }>(
  (p) => `update prompt_tests t set not_before = x.until, dispatched_at = null
  from provider_throttles x
  where t.id = ${p.id} and t.status = 'PENDING' and coalesce(t.not_before, now()) <= now() and x.lane = t.lane and x.until > now()
  returning ceil(extract(epoch from x.until - now()) * 1000)::integer as pause_ms`,
)
