import { nothingToAudit } from '../audit.ts'
import type { Cause } from '../cause.ts'
import { aborted, failedPrecondition } from '../errors.ts'
import type { Call } from '../grpc/call.ts'
import { newId } from '../ids.ts'
import type { Job } from '../jobs.ts'
import { deleteAll, deletion } from './deletion.ts'
import { brokenConstraint, isLockTimeout } from './failures.ts'
import { UsedKey } from './idempotency-key.entity.ts'
import { bytea, nullable, type SqlNames, text, uuid } from './params.ts'
import { type Sql, statement } from './statements.ts'
import type { Work } from './transaction.ts'

/** A caller's `request_id`, and what it stands for. */
export type IdempotencyKey = {
  callerId: string
  /** gRPC path of the method. */
  method: string
  /** The `request_id`, a lower-case UUID. */
  key: string
  /** SHA-256 of the request without its `request_id`. */
  requestHash: Buffer
}

/** The table's DDL, for a service's first migration. Rows are kept 24 hours; no response is ever stored. */
export const IDEMPOTENCY_TABLE = `
  create table idempotency_keys (
    caller_id uuid not null,
    method varchar(200) not null,
    key uuid not null,
    request_hash bytea not null,
    resource_id uuid not null,
    created_at timestamptz(3) not null default now(),
    primary key (caller_id, method, key)
  );
  create index idempotency_keys_created_at on idempotency_keys (created_at);`

/** The parameters of `claimCte`. */
export const claimParams = {
  keyOwner: nullable(uuid),
  keyMethod: nullable(text),
  key: nullable(uuid),
  requestHash: nullable(bytea),
  resourceId: uuid,
}

/** Their values, for the resource that would be made. */
export const claimValues = (key: IdempotencyKey | undefined, resourceId: string) => ({
  keyOwner: key?.callerId ?? null,
  keyMethod: key?.method ?? null,
  key: key?.key ?? null,
  requestHash: key?.requestHash ?? null,
  resourceId,
})

/**
 * A CTE that claims a key in the statement that creates its resource. Let the insert select from `claim`: it has one row when the
 * key is new or none was sent, and no row when the key was used before. A request that does not fulfil `when`, an SQL condition, claims no
 * key, so that it may succeed later; let the statement make nothing for it.
 */
export const claimCte = (p: SqlNames<typeof claimParams>, when = 'true') => `
  claimed as (
    insert into idempotency_keys (caller_id, method, key, request_hash, resource_id)
    select ${p.keyOwner}, ${p.keyMethod}, ${p.key}, ${p.requestHash}, ${p.resourceId}
    where ${p.key} is not null and ${when}
    on conflict do nothing
    returning 1
  ),
  claim as (select 1 where ${p.key} is null union all select 1 from claimed)`

/** Whether an earlier call used the key, as SQL: what that call made is answered even if the same request would be refused by now. */
export const isKeyUsed = (p: SqlNames<Pick<typeof claimParams, 'keyOwner' | 'keyMethod' | 'key'>>) => `exists (
    select from idempotency_keys where caller_id = ${p.keyOwner} and method = ${p.keyMethod} and key = ${p.key})`

/** The part of a call that creates a resource. */
type CreatingCall = Pick<Call, 'idempotencyKey' | 'sql' | 'transaction'> & { origin: Cause }

/**
 * Creates a resource once for each `request_id`, in a transaction: `call.transaction` for what has a `request_id`. `id` is the new
 * resource's. `load` reads the resource that an earlier call with the same `request_id` made, as it is now. Throws as `createOnce`.
 */
export const createInTransaction = <T>(
  call: CreatingCall,
  id: string,
  work: Work<T>,
  load: (resourceId: string) => Promise<T>,
): Promise<T> => {
  const { idempotencyKey: key } = call
  const create = () =>
    call.transaction(async (em, emit, now) => {
      if (key) await em.insert(UsedKey, { ...key, resourceId: id })
      return work(em, emit, now)
    })
  const createUnlessUsed = () =>
    create().catch((error: unknown) => {
      if (brokenConstraint(error) === 'idempotency_keys_pkey') return undefined
      throw error
    })
  return createOnce(call, createUnlessUsed, (earlierId) => {
    nothingToAudit(call)
    return load(earlierId)
  })
}

/**
 * The same for a handler that reads the resource afterwards: answers with its id, new or of the earlier call. `work` is told the new id.
 */
export function idOfCreated(
  call: CreatingCall,
  work: (id: string, ...args: Parameters<Work<void>>) => Promise<void>,
): Promise<string> {
  const id = newId()
  const create: Work<string> = async (...args) => {
    await work(id, ...args)
    return id
  }
  return createInTransaction(call, id, create, async (earlierId) => earlierId)
}

/**
 * Creates a resource once for each `request_id`, by one statement. `create` answers undefined when its statement found the key
 * claimed; then `load` reads the resource that the first call made, as it is now. Throws FAILED_PRECONDITION when that call asked
 * for something else, and ABORTED while it still runs (after a second's waiting).
 */
export async function createOnce<T>(
  { idempotencyKey, sql }: { idempotencyKey: IdempotencyKey | undefined; sql: Sql },
  create: () => Promise<T | undefined>,
  load: (resourceId: string) => Promise<T>,
): Promise<T> {
  const made = await create().catch((error: unknown) => {
    if (idempotencyKey && isLockTimeout(error)) throw inProgress(error)
    throw error
  })
  if (made !== undefined) return made
  const { callerId, method, key, requestHash } = idempotencyKey!
  const [row] = await sql(selectKey, { callerId, method, key })
  if (!row) throw inProgress()
  if (!row.request_hash.equals(requestHash)) {
    throw failedPrecondition('REQUEST_ID_REUSED', 'this request_id was used for a different request: use a new one')
  }
  return load(row.resource_id)
}

/** Deletes keys that are older than 24 hours. */
export const deleteOldKeys = (sql: Sql): Job => ({
  name: 'delete old idempotency keys',
  on: 'one replica',
  everyMs: 3_600_000,
  run: (signal) => deleteAll(sql, deleteOld, signal),
})

const deleteOld = deletion(
  'delete_old_idempotency_keys',
  'idempotency_keys',
  `created_at < now() - interval '24 hours'`,
)

const selectKey = statement('select_idempotency_key', { callerId: uuid, method: text, key: uuid })<{
  request_hash: Buffer
  resource_id: string
}>(
  (p) => `select request_hash, resource_id from idempotency_keys
  where caller_id = ${p.callerId} and method = ${p.method} and key = ${p.key}`,
)

const inProgress = (cause?: unknown) =>
  aborted('REQUEST_IN_PROGRESS', 'the first call with this request_id is still running: repeat the request later', {
    retryAfterMs: 1000,
    cause,
  })
