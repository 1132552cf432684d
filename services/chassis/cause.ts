import { ROOT_CONTEXT } from '@opentelemetry/api'
import type { AuditEntry_Action as Action } from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { newId } from './ids.ts'
import type { Context } from './trace.ts'

/** What causes a change, and with it events: a call, a consumed event, or a job. */
export type Cause = {
  /** Names the request in logs, errors and events, through all services; undefined when the event that caused it names none. */
  requestId: string | undefined
  /** For the spans of what it causes. */
  trace: Context
  /** Who does it, for the audit log; undefined for what a service does by itself. */
  by?: DoneBy | undefined
  /** What a call of an audited method owes the audit log; undefined for everything else. */
  duty?: AuditDuty | undefined
}

/** Who does something. */
export type DoneBy = {
  /** UUID of the signed-in user; undefined for nobody, or a command. */
  userId: string | undefined
  /** What does it when it is no user: `command admin`. */
  process?: string
  /** IP address of the client; empty without one. */
  address: string
  /** What the client calls itself; empty when it does not say. */
  userAgent: string
}

/** The entry that a call has to write into the audit log, and whether it has. */
export type AuditDuty = { action: Action; isDone: boolean }

/** A run of a job as a cause: `delete-old-versions-0199…`. */
export const jobCause = (job: string): Cause => ({
  requestId: `${job.replaceAll(' ', '-')}-${newId()}`,
  trace: ROOT_CONTEXT,
})

/** A command of an operator's as a cause: `admin-0199…`, by `command admin`. */
export const commandCause = (command: string): Cause => ({
  ...jobCause(command),
  by: { userId: undefined, process: `command ${command}`, address: '', userAgent: '' },
})
