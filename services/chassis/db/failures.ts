import { type AppError, aborted, deadlineExceeded, unavailable } from '../errors.ts'

/**
 * What a failed database call means to the caller of an RPC; undefined when it means a fault of ours (a constraint that no
 * handler expected, a bad statement). Looks through MikroORM's wrapper at the driver's own error. The codes are
 * PostgreSQL's SQLSTATEs and Node's system errors.
 */
export function databaseFailure(error: unknown): AppError | undefined {
  const code = driverCode(error)
  if (code === '40001' || code === '40P01' || code === '55P03') {
    return aborted('CONCURRENT_CHANGE', 'another change was made at the same time: repeat the request', {
      retryAfterMs: 100,
      cause: error,
    })
  }
  if (code === '57014') return deadlineExceeded(error)
  if (isConnectionFailure(error, code)) return unavailable('the database', error)
  return undefined
}

/** The name of the constraint that a statement broke; undefined when that is not why it failed. */
export function brokenConstraint(error: unknown): string | undefined {
  const cause = driverError(error)
  return driverCode(error)?.startsWith('23') ? (cause as { constraint?: string }).constraint : undefined
}

/** A transaction that may succeed when it is run again from the start: a serialisation failure, or a deadlock. */
export const isTransactionConflict = (error: unknown) => /^(40001|40P01)$/.test(driverCode(error) ?? '')

/** A statement waited longer than `lock_timeout` for another transaction. */
export const isLockTimeout = (error: unknown) => driverCode(error) === '55P03'

// 08: connection exception, 53: insufficient resources, 57P: operator intervention (shutdown, crash, still starting).
const isConnectionFailure = (error: unknown, code: string | undefined) =>
  /^(08|53|57P)/.test(code ?? '') ||
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(code ?? '') ||
  (error instanceof Error &&
    /Connection terminated|timeout expired|timeout exceeded when trying to connect|is not queryable/.test(
      error.message,
    )) ||
  // The database itself: `alter database … with allow_connections false`, as before a restore.
  (code === '55000' && /not currently accepting connections/.test(String((driverError(error) as Error).message)))

/** The SQLSTATE or system code of a failed database call. */
export function driverCode(error: unknown): string | undefined {
  const { code } = (driverError(error) ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

const driverError = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof Error && !('severity' in error) ? error.cause : error
