import { type AuditFacts, changesOf } from '#chassis/audit.ts'
import {
  type AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'

/** What the audit log says of a licence. */
export const aboutLicense = (
  action: Action,
  { id, buyerId }: { id: string; buyerId: string },
  changed: Parameters<typeof changesOf>[0],
  reason?: string,
): AuditFacts => ({
  action,
  target: { kind: Kind.LICENSE, id },
  subjectId: buyerId,
  changes: changesOf(changed),
  reason,
})
