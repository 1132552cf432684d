import { notFound, notReady } from '#chassis/errors.ts'
import type { Readable } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-version.ts'
import { writtenBefore } from '../db/written-before.ts'
import type { FullRow } from '../version.ts'

/**
 * Milliseconds after which a version that is missing is not on its way any more: its event has been handled or put aside, so that only
 * somebody who runs `resync` can bring it. Telling callers to ask again would be wrong.
 */
const ARRIVAL_MS = 24 * 3_600_000

/**
 * A version that was written. Waits a moment for one that was just written. Throws UNAVAILABLE when it has not arrived by then, and
 * NOT_FOUND when it should have long ago.
 */
export async function storedVersion(
  deps: Pick<Deps, 'versions' | 'arrivals'>,
  version: { promptId: string; version: number },
  readable: Pick<Readable, 'lastChangedAt'>,
  signal: AbortSignal,
): Promise<FullRow> {
  const row = await findVersion(deps, version, readable, signal)
  if (!row) throw notFound('version')
  return row
}

/** The same, but undefined for a version that should have arrived long ago. */
export async function findVersion(
  { versions, arrivals }: Pick<Deps, 'versions' | 'arrivals'>,
  { promptId, version }: { promptId: string; version: number },
  { lastChangedAt }: Pick<Readable, 'lastChangedAt'>,
  signal: AbortSignal,
): Promise<FullRow | undefined> {
  const find = () => db.getVersion(versions, promptId, version)
  const found = await find()
  if (found) return found
  if (isOverdue((await writtenBefore(versions, promptId, version)) ?? lastChangedAt)) return undefined
  const arrived = await arrivals.wait({ promptId, version }, find, signal)
  if (!arrived) throw notReady('VERSION_NOT_READY', 'this version was just written and is on its way: ask again', 1000)
  return arrived
}

const isOverdue = (writtenAt: Date | undefined) =>
  writtenAt !== undefined && Date.now() - writtenAt.getTime() > ARRIVAL_MS
