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
    serializers: { err: pino.stdSerializers.errWithCause },
  }
  return destination ? pino(options, destination) : pino(options)
}
