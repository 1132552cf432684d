import { type AuditFacts, auditedBy, changesOf } from '#chassis/audit.ts'
import type { Cause } from '#chassis/cause.ts'
import type { EventHeaders } from '#chassis/events/envelope.ts'
import { eventHeaders } from '#chassis/events/outbox.ts'
import { newId } from '#chassis/ids.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
  Audited,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { LabelChangeRow } from './label.ts'

/**
 * An entry of the audit log that waits, in the document of the change, to be published: MongoDB has no outbox, and one document is what it changes at
 * once.
 */
export type WaitingAudit = {
  /** Of its event. */
  id: string
  /** JSON of its message. */
  message: unknown
  headers: EventHeaders
}

/** Makes an entry of what a call does. */
export function waitingAudit(cause: Cause, facts: AuditFacts, occurredAt: Date): WaitingAudit {
  const message = auditedBy(EVENTS.versionAudited, cause, facts)
  const metadata = { ...message.metadata!, occurredAt }
  return { id: newId(), message: Audited.toJSON({ ...message, metadata }), headers: eventHeaders(cause) }
}

/** What the audit log says of a change of a label: why its gate was overridden, too. */
export function labelChanged({ promptId, label, version, from, userId, passedBy }: LabelChangeRow): AuditFacts {
  return {
    action: version === null ? Action.LABEL_REMOVED : Action.LABEL_MOVED,
    target: { kind: Kind.LABEL, id: promptId, name: label },
    subjectId: userId,
    changes: changesOf({ version: [from, version] }),
    reason: passedBy && 'overrideReason' in passedBy ? passedBy.overrideReason : undefined,
  }
}

type GateChange = {
  promptId: string
  label: string
  userId: string
  /** The suite before and after; undefined: no gate. */
  suite: readonly [before: string | undefined, after: string | undefined]
}

/** What it says of a change of a label's gate. */
export const gateChanged = ({ promptId, label, userId, suite }: GateChange): AuditFacts => ({
  action: suite[1] === undefined ? Action.LABEL_GATE_REMOVED : Action.LABEL_GATE_SET,
  target: { kind: Kind.LABEL, id: promptId, name: label },
  subjectId: userId,
  changes: changesOf({ suite }),
})
