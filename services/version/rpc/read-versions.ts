import { notFound, notReady } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
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
 * Reads versions that the caller may read, in the order of their numbers here. Waits a moment for one that was just written. Throws NOT_FOUND, and UNAVAILABLE
 * when it has not arrived by then.
 */
export async function readVersions(
  { versions, readableVersions, arrivals }: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals'>,
  promptId: string,
  numbers: number[],
  { origin, signal }: Pick<PlainCall, 'origin' | 'signal'>,
): Promise<FullRow[]> {
  const { ranges, lastChangedAt } = await readableVersions(promptId, origin)
  const isReadable = (version: number) => ranges.some(({ from, to }) => from <= version && version <= to)
  if (!numbers.every(isReadable)) throw notFound('version')
  const read = async (version: number) => {
    const row = await findVersion({ versions, arrivals }, { promptId, version, lastChangedAt }, signal)
    if (!row) throw notFound('version')
    return row
  }
  return Promise.all(numbers.map(read))
}

/**
 * Finds a version that was written; the prompt was changed at `lastChangedAt` for the last time. Waits a moment for one that was just written,
 * and throws UNAVAILABLE when it has not arrived by then. Undefined: it does not arrive any more.
 */
export async function findVersion(
  { versions, arrivals }: Pick<Deps, 'versions' | 'arrivals'>,
  { promptId, version, lastChangedAt }: { promptId: string; version: number; lastChangedAt: Date | undefined },
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
