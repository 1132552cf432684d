import { setLogger } from '@grpc/grpc-js'
import type { Logger } from '../logger.ts'

/**
 * Sends what grpc-js has to say to our log, without what callers send: by default it is printed to stderr, a token among it when it
 * has a character that metadata must not have. grpc-js has one logger in a process, so with several services the last one gets it.
 */
export function logGrpcTo(log: Logger) {
  const say = (level: 'debug' | 'info' | 'warn') => (message?: unknown) =>
    log[level](`grpc-js: ${safe(String(message))}`)
  setLogger({ error: say('warn'), info: say('info'), debug: say('debug') })
}

// Everything behind the name of the header is its value, twice.
function safe(message: string): string {
  const header = /^Failed to add metadata entry ([^:\s]+):/.exec(message)?.[1]
  return header
    ? `a caller sent the header ${header} with characters that metadata must not have: it is ignored`
    : message.replaceAll(/bearer\s+[^\s"]+/gi, 'Bearer [redacted]')
}
