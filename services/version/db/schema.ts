import type { MongoIndex, MongoSchema } from '#chassis/db/mongo.ts'
import { PromptVersion } from './prompt-version.entity.ts'

/** By which the entries of the audit log are found that wait to be published. */
const AUDITS_SINCE: MongoIndex = { name: 'auditsSince', key: { auditsSince: 1 } }

/** What this service stores. The indexes are said here alone, for MikroORM would not make them safely. */
export const schema: MongoSchema = {
  entities: [PromptVersion],
  collections: [
    {
      name: 'prompt_versions',
      indexes: [
        { name: 'promptId_version', key: { promptId: 1, version: 1 }, unique: true },
        { name: 'promptId', key: { promptId: 1 } },
        { name: 'createdAt', key: { createdAt: -1 } },
        { name: 'versionId', key: { versionId: 1 }, unique: true },
      ],
      former: ['outbox'],
    },
    { name: 'erased_users', indexes: [] },
    {
      name: 'label_changes',
      indexes: [{ name: 'promptId_label_seq', key: { promptId: 1, label: 1, seq: -1 }, unique: true }, AUDITS_SINCE],
    },
    {
      name: 'label_gates',
      indexes: [{ name: 'promptId_label', key: { promptId: 1, label: 1 }, unique: true }, AUDITS_SINCE],
    },
  ],
}
