import { arrayOf, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { LEASE_SECONDS } from './claim-test.ts'

/** Which of these claims still hold, and of which tests the owner has asked to cancel them. */
type Held = { worker_id: string; is_cancelled: boolean }

const isHeld = (ids: string, workerIds: string) =>
  `id = any(${ids}) and worker_id = any(${workerIds}) and status = 'RUNNING'`

/** Renews the leases of all that a worker runs. A claim that does not come back is lost. */
export const renewLeases = statement('renew_leases', { ids: arrayOf(uuid), workerIds: arrayOf(uuid) })<Held>(
  (p) => `update prompt_tests set lease_until = now() + interval '${LEASE_SECONDS} seconds'
  where ${isHeld(p.ids, p.workerIds)}
  returning worker_id, cancel_requested_at is not null as is_cancelled`,
)

/** The claims among these whose tests are to be cancelled. */
export const listCancelled = statement('list_cancelled', { ids: arrayOf(uuid), workerIds: arrayOf(uuid) })<Held>(
  (p) => `select worker_id, true as is_cancelled from prompt_tests
  where ${isHeld(p.ids, p.workerIds)} and cancel_requested_at is not null`,
)
