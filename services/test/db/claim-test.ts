import { arrayOf, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { isOpen } from './provider-throttles.ts'

/** Seconds for which a worker has a test without a sign of life. */
export const LEASE_SECONDS = 15

/** What a worker needs of a test that it has claimed. Amounts are text. */
export type ClaimedRow = {
  id: string
  user_id: string
  prompt_content: string
  model_provider: string
  model_name: string
  temperature: number | null
  max_tokens: number
  lane: string
  reserved_micros: string
  cost_micros: string
  throttled_since: Date | null
  attempts: number
  worker_id: string
  suite_run_id: string | null
  /** The own key, if the test is to be run with one, as it is stored: nothing of it when it was revoked. */
  key_id: string | null
  secret_id: string | null
  sealed: Buffer | null
  input: string
  cache_read: string
  cache_write: string
  output: string
}

/**
 * Takes tests that wait and are due, each for a worker whose id is new with each claim: that at the same place. No row of a test: another
 * has it, it has ended, it is not due, its provider wants to be left alone, or its user was erased.
 */
export const claimTests = statement('claim_tests', { ids: arrayOf(uuid), workerIds: arrayOf(uuid) })<ClaimedRow>(
  (p) => `update prompt_tests t
  set status = 'RUNNING', worker_id = c.worker_id, attempts = t.attempts + 1, started_at = now(), revision = t.revision + 1,
    lease_until = now() + interval '${LEASE_SECONDS} seconds'
  from unnest(${p.ids}, ${p.workerIds}) c (id, worker_id), model_prices m
  where t.id = c.id and t.status = 'PENDING' and coalesce(t.not_before, now()) <= now() and m.id = t.price_id
    and t.erased_at is null and ${isOpen('t')}
  returning t.id, t.user_id, t.prompt_content, t.model_provider, t.model_name, t.temperature::float8 as temperature, t.max_tokens, t.lane,
    t.reserved_micros, t.cost_micros, t.throttled_since, t.attempts, t.worker_id, t.key_id, t.suite_run_id,
    (select k.secret_id from provider_keys k where k.id = t.key_id), (select k.sealed from provider_keys k where k.id = t.key_id), m.input, m.cache_read, m.cache_write, m.output`,
)
