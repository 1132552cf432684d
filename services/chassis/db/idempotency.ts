import { aborted, failedPrecondition } from '../errors.ts'
import { isLockTimeout } from './failures.ts'
import { type Sql, statement } from './statements.ts'

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

/**
 * A CTE that claims a key in the statement that creates its resource. Its parameters are `keyParams`, from `$first` on. Let the
 * insert select from `claim`: it has one row when the key is new or none was sent, and no row when the key was used before.
 */
export const claimCte = (first: number) => {
  const [caller, method, key, hash, resource] = [0, 1, 2, 3, 4].map((offset) => `$${first + offset}`)
  return `
  claimed as (
    insert into idempotency_keys (caller_id, method, key, request_hash, resource_id)
    select ${caller}::uuid, ${method}::text, ${key}::uuid, ${hash}::bytea, ${resource}::uuid where ${key}::uuid is not null
    on conflict do nothing
    returning 1
  ),
  claim as (select 1 where ${key}::uuid is null union all select 1 from claimed)`
}

/** The parameters of `claimCte`, for the resource that would be made. */
export const keyParams = (once: IdempotencyKey | undefined, resourceId: string) =>
  [once?.callerId ?? null, once?.method ?? null, once?.key ?? null, once?.requestHash ?? null, resourceId] as const

/**
 * Creates a resource once for each `request_id`. `create` answers undefined when its statement found the key claimed; then
 * `load` reads the resource that the first call made, as it is now. Throws FAILED_PRECONDITION when that call asked for
 * something else, and ABORTED while it still runs (after a second's waiting).
 */
export async function createOnce<T>(
  { once, sql }: { once: IdempotencyKey | undefined; sql: Sql },
  create: () => Promise<T | undefined>,
  load: (resourceId: string) => Promise<T>,
): Promise<T> {
  const made = await create().catch((error: unknown) => {
    if (once && isLockTimeout(error)) throw inProgress(error)
    throw error
  })
  if (made !== undefined) return made
  const [row] = await sql(selectKey, [once!.callerId, once!.method, once!.key])
  if (!row) throw inProgress()
  if (!row.request_hash.equals(once!.requestHash)) {
    throw failedPrecondition('REQUEST_ID_REUSED', 'this request_id was used for a different request: use a new one')
  }
  return load(row.resource_id)
}

/** Deletes keys that are older than 24 hours; a service runs it from time to time. */
export const deleteOldKeys = statement<[], never>(
  'delete_old_idempotency_keys',
  `delete from idempotency_keys where created_at < now() - interval '24 hours'`,
)

const selectKey = statement<
  [callerId: string, method: string, key: string],
  { request_hash: Buffer; resource_id: string }
>(
  'select_idempotency_key',
  'select request_hash, resource_id from idempotency_keys where caller_id = $1 and method = $2 and key = $3',
)

const inProgress = (cause?: unknown) =>
  aborted('REQUEST_IN_PROGRESS', 'the first call with this request_id is still running', { retryAfterMs: 1000, cause })
