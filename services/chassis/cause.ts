import { ROOT_CONTEXT } from '@opentelemetry/api'
import { newId } from './ids.ts'
import type { Context } from './trace.ts'

/** What causes a change, and with it events: a call, a consumed event, or a job. */
export type Cause = {
  /** Names the request in logs, errors and events, through all services; undefined when the event that caused it names none. */
  requestId: string | undefined
  /** For the spans of what it causes. */
  trace: Context
}

/** A run of a job as a cause: `delete-old-versions-0199…`. */
export const jobCause = (job: string): Cause => ({
  requestId: `${job.replaceAll(' ', '-')}-${newId()}`,
  trace: ROOT_CONTEXT,
})
