import { defineEntity, p } from '@mikro-orm/postgresql'
import type { AuditEntry_Change as Change } from '#contracts/gen/promptforge/audit/v1/audit.ts'

/** An entry of the audit log. Partitioned by the month of `eventTime`, in UTC. A trigger keeps it as it is. */
export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entries',
  properties: {
    eventId: p.uuid().primary(),
    eventTime: p.datetime(3).primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    action: p.string().length(30),
    actorId: p.uuid().nullable(),
    actorProcess: p.string().length(50).nullable(),
    subjectId: p.uuid().nullable(),
    targetKind: p.string().length(20),
    targetId: p.uuid(),
    targetName: p.string().length(100).nullable(),
    changes: p.json<Change[]>().nullable(),
    reason: p.string().length(500).nullable(),
    requestId: p.string().length(64).nullable(),
    clientAddress: p.string().length(45).nullable(),
    userAgent: p.string().length(300).nullable(),
  },
})
