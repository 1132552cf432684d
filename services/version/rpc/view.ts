import { Variable } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import type { Label, LabelGate } from '#contracts/gen/promptforge/version/v1/label.ts'
import type { Version } from '#contracts/gen/promptforge/version/v1/version.ts'
import { type LabelChangeRow, LATEST } from '../label.ts'
import type { LabelGateRow } from '../label-gate.ts'
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

/** A label by its newest change, which is to a version. */
export const toLabel = ({ label: name, version, seq, userId, createdAt: movedAt }: LabelChangeRow): Label => ({
  name,
  version: version!,
  seq,
  userId,
  movedAt,
})

/** The label that names the head: whoever wrote that version moved it there. */
export const toLatest = ({ version, userId, createdAt: movedAt }: ShownRow): Label => ({
  name: LATEST,
  version,
  seq: version,
  userId,
  movedAt,
})

/** A gate. */
export const toGate = ({ label, suiteId, userId, setAt }: LabelGateRow): LabelGate => ({
  label,
  suiteId,
  userId,
  setAt,
})
