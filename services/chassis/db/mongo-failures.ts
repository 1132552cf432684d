import { type AppError, aborted, deadlineExceeded, unavailable } from '../errors.ts'

/** What the driver's and the server's errors are recognised by. */
type MongoError = { name: string; code?: unknown; cause?: unknown; errorLabels?: readonly string[] }

// The driver's own: there is no server, no connection to it, or none that is free.
const UNREACHABLE =
  /^Mongo(ServerSelection|Network|NetworkTimeout|NotConnected|TopologyClosed|ServerClosed|PoolClosed|PoolCleared|WaitQueueTimeout|ClientClosed)Error$|^PoolClearedOnNetworkError$/

// The server's: it is going down, or has just come up and is not the primary (yet).
const UNREACHABLE_CODES = new Set<unknown>([6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436])
const MAX_TIME_EXPIRED = 50
const WRITE_CONFLICT = 112
const DUPLICATE_KEY = 11_000

/**
 * What a failed MongoDB operation means to the caller of an RPC; undefined when it is none of MongoDB, or a fault of ours. Knows
 * errors by name, code and label, for there may be several copies of their classes.
 */
export function mongoFailure(error: unknown): AppError | undefined {
  const errors = causesOf(error).filter(isMongoError)
  if (errors.some(isUnreachable)) return unavailable('the database', error)
  if (errors.some(({ name, code }) => code === MAX_TIME_EXPIRED || name === 'MongoOperationTimeoutError')) {
    return deadlineExceeded(error)
  }
  if (errors.some(({ code }) => code === WRITE_CONFLICT)) {
    const details = { retryAfterMs: 100, cause: error }
    return aborted('CONCURRENT_CHANGE', 'another change was made at the same time: repeat the request', details)
  }
  return undefined
}

/** An insert or upsert met a document with the same unique key. Some servers do not say which key. */
export const isDuplicateKey = (error: unknown) =>
  causesOf(error).some((cause) => isMongoError(cause) && cause.code === DUPLICATE_KEY)

const isUnreachable = ({ name, code, errorLabels = [] }: MongoError) =>
  UNREACHABLE.test(name) || UNREACHABLE_CODES.has(code) || errorLabels.includes('RetryableWriteError')

const isMongoError = (error: unknown): error is MongoError =>
  error instanceof Error && (error.name.startsWith('Mongo') || error.name === 'PoolClearedOnNetworkError')

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = []
  for (let cause = error; cause && !causes.includes(cause); cause = (cause as { cause?: unknown }).cause)
    causes.push(cause)
  return causes
}
