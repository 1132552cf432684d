import { HELD } from './suite-tests.ts'
import { bytea, integer, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { job } from './emissions.ts'

/** The key of a user's that a test is to be run with. */
export const getOwnKey = statement('get_own_key', { id: uuid, userId: uuid })<{
  provider: string
  is_revoked: boolean
}>(
  (p) => `select provider, revoked_at is not null as is_revoked from provider_keys
  where id = ${p.id} and user_id = ${p.userId}`,
)

/** With which key a test is to be run that waits. No row: it does not wait, or not for an own key. */
export const keyOfWaiting = statement('key_of_waiting', { id: uuid })<{ key_id: string }>(
  (p) => `select key_id from prompt_tests where id = ${p.id} and status = 'PENDING' and key_id is not null`,
)

/** Lets a test wait because there is no room among the calls with its key: no attempt has begun, and its provider was not asked. */
export const deferTest = statement('defer_test', { id: uuid, waitMs: integer })<{ id: string }>(
  (p) => `update prompt_tests t
  set not_before = greatest(t.not_before, now() + ${p.waitMs} * interval '1 millisecond'), dispatched_at = null
  where t.id = ${p.id} and t.status = 'PENDING'
  returning t.id`,
)

/** Tells the workers of tests that wait for room among the calls with this key: of the oldest, as many as there is room for. */
export const wakeDeferred = statement('wake_deferred', { keyId: uuid, room: integer, ...eventParams })<{ id: string }>(
  (p) => `with due as (
    select id from prompt_tests
    where key_id = ${p.keyId} and status = 'PENDING' and dispatched_at is null and throttled_since is null
      and not_before is distinct from '${HELD}'
    order by id limit ${p.room} for update skip locked
  ),
  woken as (
    update prompt_tests t set not_before = null, dispatched_at = now() from due where t.id = due.id returning t.*
  ),
  ${outboxCte(p, { from: 'woken m', at: 'm.dispatched_at', aggregateId: 'm.id', events: [job('m')] })}
  select id from woken`,
)

/** Keys that another secret than this one has encrypted, some at a time. */
export const listSealedOtherwise = statement('list_sealed_otherwise', { secretId: text, after: uuid })<{
  id: string
  user_id: string
  provider: string
  secret_id: string
  sealed: Buffer
}>(
  (p) => `select id, user_id, provider, secret_id, sealed from provider_keys
  where revoked_at is null and secret_id <> ${p.secretId} and id > ${p.after} order by id limit 100`,
)

/** Replaces what is stored of a key, unless it was revoked or replaced meanwhile. */
export const resealKey = statement('reseal_key', { id: uuid, before: text, secretId: text, sealed: bytea })<{
  id: string
}>(
  (p) => `update provider_keys set secret_id = ${p.secretId}, sealed = ${p.sealed}
  where id = ${p.id} and secret_id = ${p.before} returning id`,
)
