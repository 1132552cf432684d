import { aborted } from '#chassis/errors.ts'

/** The label that every prompt has: it names the head, and is stored nowhere. */
export const LATEST = 'latest'

/** A change of a label, its ids as text. The newest one says what the label names. */
export type LabelChangeRow = {
  promptId: string
  label: string
  /** From 1, without a hole. */
  seq: number
  /** What the label names from then on; null when it was removed. */
  version: number | null
  /** What it named until then; null when there was none. */
  from: number | null
  /** Who did it. */
  userId: string
  createdAt: Date
  /** What let it pass the gate; undefined when it had none. */
  passedBy?: PassedBy
}

/** The run of a suite that opened a gate, or why its owner overrode it. */
export type PassedBy = { gateRunId: string } | { overrideReason: string }

/** What somebody wants of a label. */
export type Move = Pick<LabelChangeRow, 'promptId' | 'label' | 'version' | 'userId'> & {
  /** Of the change that must be the newest, 0 for none; undefined when any may be. */
  expectedSeq: number | undefined
}

/** The change that follows the newest one; undefined when the label is there already. Throws ABORTED when the newest is not the expected one. */
export function nextChange(
  newest: LabelChangeRow | undefined,
  move: Move,
  createdAt: Date,
): LabelChangeRow | undefined {
  const { expectedSeq, ...wanted } = move
  const { seq, version: from } = newest ?? { seq: 0, version: null }
  if (expectedSeq !== undefined && expectedSeq !== seq) throw labelMoved(seq)
  return from === wanted.version ? undefined : { ...wanted, seq: seq + 1, from, createdAt }
}

const labelMoved = (seq: number) =>
  aborted('LABEL_MOVED', 'the label was moved after you read it: read it again and repeat the change', {
    metadata: { seq: String(seq) },
  })
