import { createLogger, type Logger } from '../logger.ts'

/** A record of a log, as far as tests look at it. */
export type LogRecord = { level: string; msg: string; [field: string]: unknown }

/** A log of a test's own, from the level `info`, and what has been written to it. */
export function capturedLog(): { log: Logger; records: LogRecord[] } {
  const records: LogRecord[] = []
  const write = (line: string) => void records.push(JSON.parse(line) as LogRecord)
  return { log: createLogger('test', 'info', { write }), records }
}
