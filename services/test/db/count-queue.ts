import { bigint } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/**
 * The queue of tests. `unfinished` are those that have not ended, but for those of suites' runs; `due` those that a worker could begin now,
 * of suites too; `oldest_seconds` is for how long the one of these that was due first has waited, 0 without one.
 */
export type QueueRow = { unfinished: number; due: number; oldest_seconds: number }

/** Counts them, `max` rows at the most. Tests of suites that were not let go yet do not count. */
export const countQueue = statement('count_queue', { max: bigint })<QueueRow>(
  (p) => `select count(*) filter (where suite_run_id is null)::integer as unfinished, count(due_at)::integer as due,
      coalesce(extract(epoch from now() - min(due_at)), 0)::float8 as oldest_seconds
    from (
      select suite_run_id,
        case when status = 'PENDING' and coalesce(not_before, '-infinity') <= now() then greatest(created_at, not_before) end as due_at
      from prompt_tests
      where status in ('PENDING', 'RUNNING') and coalesce(not_before, '-infinity') < '9999-01-01'
      limit ${p.max}
    ) waiting`,
)
