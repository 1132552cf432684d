import { notReady } from '#chassis/errors.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-version.ts'
import type { ShownRow } from '../version.ts'

/** A version that was written. Waits a moment for one that has not arrived yet; throws UNAVAILABLE when it has not by then. */
export async function storedVersion(
  { versions, arrivals }: Pick<Deps, 'versions' | 'arrivals'>,
  { promptId, version }: { promptId: string; version: number },
  signal: AbortSignal,
): Promise<ShownRow> {
  const find = () => db.getVersion(versions, promptId, version)
  const row = (await find()) ?? (await arrivals.wait({ promptId, version }, find, signal))
  if (!row) throw notReady('VERSION_NOT_READY', 'this version was just written and is on its way: ask again', 1000)
  return row
}
