import { notFound, notReady } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import type { Deps } from '../context.ts'
import * as db from '../db/get-version.ts'
import type { FullRow } from '../version.ts'

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
  const ranges = await readableVersions(promptId, origin)
  const isReadable = (version: number) => ranges.some(({ from, to }) => from <= version && version <= to)
  if (!numbers.every(isReadable)) throw notFound('version')
  const read = async (version: number) => {
    const find = () => db.getVersion(versions, promptId, version)
    const row = (await find()) ?? (await arrivals.wait({ promptId, version }, find, signal))
    if (!row) throw notReady('VERSION_NOT_READY', 'this version was just written and is on its way: ask again', 1000)
    return row
  }
  return Promise.all(numbers.map(read))
}
