import type { Received } from '#chassis/events/envelope.ts'
import {
  auditEntry_ActionToJSON,
  AuditEntry_Action as Action,
  auditEntry_Target_KindToJSON,
  AuditEntry_Target_Kind as Kind,
  type Audited,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import { BadEvent, json, moment, optionalUuid, text, uuid } from './checks.ts'
import type { EventRow, RowsOf } from './rows.ts'

/** A row of `audit_entries`. */
export type AuditRow = Pick<EventRow, 'id' | 'time' | 'once'> & {
  action: string
  actorId: string | null
  actorProcess: string | null
  subjectId: string | null
  targetKind: string
  targetId: string
  targetName: string | null
  /** JSON of the changes; null when there are none. */
  changes: string | null
  reason: string | null
  requestId: string | null
  address: string | null
  userAgent: string | null
}

/** The row of an entry of the audit log. It is stored once by its id, and counted nowhere. */
export const auditRows: RowsOf<AuditRow> = (received) => [() => auditRow(received as Received<Audited>)]

function auditRow({ id, payload, requestId }: Received<Audited>): AuditRow {
  const { metadata, action, target } = payload
  if (!(action in ACTIONS) || !target || !(target.kind in KINDS))
    throw new BadEvent('it does not say what was done, or to what')
  return {
    id: uuid('id', id),
    time: moment(metadata?.occurredAt),
    once: null,
    action: auditEntry_ActionToJSON(action),
    actorId: optionalUuid('actor_id', payload.actorId),
    actorProcess: text('actor_process', payload.actorProcess, 50),
    subjectId: optionalUuid('subject_id', payload.subjectId),
    targetKind: auditEntry_Target_KindToJSON(target.kind),
    targetId: uuid('target.id', target.id),
    targetName: text('target.name', target.name, 100),
    changes: payload.changes.length > 0 ? json(payload.changes) : null,
    reason: text('reason', payload.reason, 500),
    requestId: text('request id', requestId, 64),
    address: text('client_address', payload.clientAddress, 45),
    userAgent: text('user_agent', payload.userAgent, 300),
  }
}

const known = (values: Record<string, number>) =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value > 0 ? [[value, name]] : [])))

const ACTIONS = known(Action)
const KINDS = known(Kind)
