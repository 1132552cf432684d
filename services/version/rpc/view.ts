import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import type { ShownRow } from '../version.ts'

/** A version as somebody sees it who may read it; content and variables where they have been read. */
export const toVersion = (row: ShownRow): Version => ({
  versionId: row.versionId,
  promptId: row.promptId,
  version: row.version,
  title: row.title,
  content: row.content ?? '',
  description: row.description,
  category: row.category,
  variables: (row.variables ?? []).map((variable) => Variable.fromJSON(variable)),
  model: row.model,
  userId: row.userId,
  username: row.username,
  changes: row.changes,
  contentHash: row.contentHash,
  createdAt: row.createdAt,
})
