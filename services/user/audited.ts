import { type AuditFacts, changesOf } from '#chassis/audit.ts'
import {
  AuditEntry_Action as Action,
  AuditEntry_Target_Kind as Kind,
} from '#contracts/gen/promptforge/audit/v1/audit.ts'
import type { Role } from './user.ts'

/** What the audit log says of something that was done to a user's account. */
export const aboutUser = (action: Action, userId: string): AuditFacts => ({
  action,
  target: { kind: Kind.USER, id: userId },
  subjectId: userId,
})

/** What it says of another role. */
export const roleChanged = ({ id, role }: { id: string; role: Role }, before: Role): AuditFacts => ({
  ...aboutUser(Action.ROLE_CHANGED, id),
  changes: changesOf({ role: [before, role] }),
})

type KeyFacts = { id: string; user: { id: string }; prefix: string }

/** What it says of an API key, which its user recognises by its beginning. */
export const aboutApiKey = (
  action: Action,
  { id, user, prefix }: KeyFacts,
  changes: AuditFacts['changes'] = [],
): AuditFacts => ({
  action,
  target: { kind: Kind.API_KEY, id, name: prefix },
  subjectId: user.id,
  changes,
})
