import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** Field names whose values never reach a log, at the top of a record and one level below. */
const SECRETS = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'secret',
  'email',
  'apiKey',
  'content',
]

/**
 * A JSON logger for one service. Values of secret fields are replaced; errors are logged with their causes. Handlers log
 * facts (ids, counts), never requests or answers.
 */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    serializers: { err: describeError },
  }
  return destination ? pino(options, destination) : pino(options)
}

/**
 * An error as it is logged, with its causes: what it is and where it happened. Not what else hangs on it: a driver's error
 * carries the values of the row in `detail`, and MikroORM's wrapper has the whole SQL with its values for a message.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { cause } = error
  if (cause instanceof Error && error.message.includes(cause.message)) return describeError(cause)
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  const frames = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
  return { type: error.name, message: error.message, code, constraint, frames, cause: cause && describeError(cause) }
}
