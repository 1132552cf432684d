import { bigint, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/**
 * Lets a test wait whose provider had too much to do: the attempt does not count, and a sweep tells the workers when it is due. No row: the
 * worker has lost the test, or it is to be cancelled.
 */
export const throttleTest = statement('throttle_test', { id: uuid, workerId: uuid, waitMs: bigint })<{ id: string }>(
  (p) => `update prompt_tests t
  set status = 'PENDING', worker_id = null, lease_until = null, started_at = null, dispatched_at = null, attempts = t.attempts - 1,
    not_before = now() + ${p.waitMs} * interval '1 millisecond', throttled_since = coalesce(t.throttled_since, now()),
    revision = t.revision + 1
  where t.id = ${p.id} and t.worker_id = ${p.workerId} and t.status = 'RUNNING' and t.cancel_requested_at is null
  returning t.id`,
)
