import { type AuditFacts, changesOf } from '#chassis/audit.ts'
import {
  type AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'

type KeyFacts = { id: string; userId: string; provider: string }

/** What the audit log says of a user's key of a model provider. */
export const aboutProviderKey = (
  action: Action,
  { id, userId, provider }: KeyFacts,
  changed: Parameters<typeof changesOf>[0],
): AuditFacts => ({
  action,
  target: { kind: Kind.PROVIDER_KEY, id, name: provider },
  subjectId: userId,
  changes: changesOf(changed),
})
