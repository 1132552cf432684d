import type { MikroORM } from '@mikro-orm/mongodb'
import { nothingToAudit } from '#chassis/audit.ts'
import { aborted } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import { pause } from '#chassis/pause.ts'
import { labelChanged, waitingAudit } from '../audited.ts'
import { type LabelChangeRow, type Move, nextChange, type PassedBy } from '../label.ts'
import { insertChange, newestChange } from './label-changes.ts'

/** Milliseconds until the next attempt at the most: double after each in vain, so that also a hundred callers get out of each other's way. */
const BACK_OFF_MS = 10
const MAX_BACK_OFF_MS = 2000

/** What became of a label: the change that is now its newest, and whether this move made it. */
export type Moved = { newest: LabelChangeRow | undefined; isChanged: boolean }

/**
 * Moves a label after its newest change. The unique number of a change is the lock: who comes second reads the newest anew and tries
 * again, or hears ABORTED when it expected another. `pass` is asked before it changes: what it throws leaves the label where it is.
 */
export async function moveLabel(
  orm: MikroORM,
  move: Move,
  call: Pick<PlainCall, 'origin' | 'signal'>,
  pass: () => Promise<PassedBy | undefined> = async () => undefined,
): Promise<Moved> {
  const { origin, signal } = call
  let passedBy: PassedBy | undefined
  for (let attempt = 1; ; attempt += 1) {
    const newest = await newestChange(orm, move.promptId, move.label)
    const next = nextChange(newest, move, new Date())
    if (!next) {
      nothingToAudit(call)
      return { newest, isChanged: false }
    }
    passedBy ??= await pass()
    if (passedBy) next.passedBy = passedBy
    const audit = waitingAudit(origin, labelChanged(next), next.createdAt)
    if (await insertChange(orm, next, audit)) return { newest: next, isChanged: true }
    await pause(Math.random() * Math.min(BACK_OFF_MS * 2 ** attempt, MAX_BACK_OFF_MS), signal)
    if (signal.aborted) throw overtaken()
  }
}

const overtaken = () =>
  aborted('CONCURRENT_CHANGE', 'others moved the label all the time: repeat the request', { retryAfterMs: 1000 })
