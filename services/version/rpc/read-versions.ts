import { notFound } from '#chassis/errors.ts'
import type { PlainCall } from '#chassis/grpc/call.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'
import type { FullRow } from '../version.ts'
import { storedVersion } from './stored-version.ts'

/**
 * Reads versions that the caller may read, in the order of their numbers here. Waits a moment for one that was just written. Throws
 * NOT_FOUND, and UNAVAILABLE when it has not arrived by then.
 */
export async function readVersions(
  deps: Pick<Deps, 'versions' | 'readableVersions' | 'arrivals'>,
  promptId: string,
  numbers: number[],
  { origin, signal }: Pick<PlainCall, 'origin' | 'signal'>,
): Promise<FullRow[]> {
  const readable = await deps.readableVersions(promptId, origin)
  if (!numbers.every((version) => includesVersion(readable.ranges, version))) throw notFound('version')
  return Promise.all(numbers.map((version) => storedVersion(deps, { promptId, version }, readable, signal)))
}
