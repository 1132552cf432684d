import {
  type AuditEntry_Action as Action,
  type AuditEntry_Change as Change,
  auditEntry_ActionToJSON,
  type AuditEntry_Target_Kind as Kind,
  Audited,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { EventDefinition } from '#contracts/events.ts'
import type { AuditDuty, Cause } from './cause.ts'
import { json, type SqlNames } from './db/params.ts'
import type { EmittedMessage, Work } from './db/transaction.ts'
import type { Emission } from './events/outbox.ts'

/** The longest reason and user agent that an entry has, characters. */
const MAX_REASON = 500
const MAX_USER_AGENT = 300

/** What an entry of the audit log says beside who did it, when and from where, which the chassis knows. */
export type AuditFacts = {
  action: Action
  /** What it was done to: a UUID, of a label that of its prompt, and its name. */
  target: { kind: Kind; id: string; name?: string }
  /** UUID of the user whom it concerns. Empty: nobody. */
  subjectId: string
  /** What is different afterwards, with `changesOf`. Never a secret. Default: nothing. */
  changes?: Change[]
  /** Why, as the actor said. Default: nothing was said. */
  reason?: string | undefined
}

/** What changed, by names: before and after. What did not change is left out. */
export const changesOf = (changed: Record<string, readonly [before: Text, after: Text]>): Change[] =>
  Object.entries(changed)
    .map(([field, [before, after]]) => ({ field, before: textOf(before), after: textOf(after) }))
    .filter(({ before, after }) => before !== after)

type Text = string | number | Date | null | undefined

const textOf = (value: Text): string => (value instanceof Date ? value.toISOString() : String(value ?? ''))

/** The message of an entry. When it is the entry that the method of its call owes, the call owes nothing any more. */
export function auditedBy(
  { service }: EventDefinition<Audited>,
  { by, duty }: Cause,
  { action, target, subjectId, changes = [], reason = '' }: AuditFacts,
): EmittedMessage<Audited> {
  if (duty?.action === action) duty.isDone = true
  return {
    metadata: { aggregateId: target.id, aggregateRevision: 0n },
    action,
    actorId: by?.userId ?? '',
    actorProcess: by?.userId ? '' : (by?.process ?? `service ${service}`),
    subjectId,
    target: { name: '', ...target },
    changes,
    reason: shortened(reason, MAX_REASON),
    clientAddress: by?.address ?? '',
    userAgent: shortened(by?.userAgent ?? '', MAX_USER_AGENT),
  }
}

// By code points, as the table counts.
const shortened = (text: string, max: number) => (text.length > max ? Array.from(text).slice(0, max).join('') : text)

/** The parameter of `auditEmission`. */
export const auditParams = { audit: json }

/** Its value. */
export const auditValues = (event: EventDefinition<Audited>, cause: Cause, facts: AuditFacts) => ({
  audit: JSON.stringify(Audited.toJSON(auditedBy(event, cause, facts) as Audited)),
})

/** Says that a statement of the hot lane emits an entry, on an SQL condition. Default: always. */
export const auditEmission = (
  event: EventDefinition<Audited>,
  p: SqlNames<typeof auditParams>,
  when?: string,
): Emission => ({ event: event as EventDefinition, payload: p.audit, ...(when !== undefined && { when }) })

/** Says that a call of an audited method changed nothing, because it repeats an earlier one: then it owes no entry. */
export function nothingToAudit({ origin: { duty } }: { origin: Cause }): void {
  if (duty) duty.isDone = true
}

/** Work of which nothing is committed without the entry that its call owes. */
export function auditedWork<T>({ duty }: Cause, work: Work<T>): Work<T> {
  if (!duty) return work
  return async (...args) => {
    // It may run again after a conflict.
    duty.isDone = false
    const result = await work(...args)
    assertAudited(duty)
    return result
  }
}

/** Throws when an audited method is about to answer without its entry: a mistake of its handler. */
export function assertAudited(duty: AuditDuty | undefined): void {
  if (!duty || duty.isDone) return
  const action = auditEntry_ActionToJSON(duty.action)
  throw new Error(
    `the contract says that this method writes ${action} into the audit log, and its handler did not: call \`emit.audit\` in its transaction, or \`nothingToAudit\` where nothing changes`,
  )
}
