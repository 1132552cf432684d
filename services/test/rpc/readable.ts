import type { Call } from '#chassis/grpc/call.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import { isAppError } from '#chassis/errors.ts'
import type { Deps } from '../context.ts'
import type { SummaryRow } from '../db/rows.ts'

/** Whether the caller may read the version that was tested, now; and that which it was compared with, if any. */
export async function mayReadText(
  { readableVersions }: Pick<Deps['remote'], 'readableVersions'>,
  row: Pick<SummaryRow, 'prompt_id' | 'prompt_version'> & { compared_version?: number | null },
  { origin }: Call,
): Promise<boolean> {
  try {
    const { ranges } = await readableVersions(row.prompt_id, origin)
    const versions = [row.prompt_version, row.compared_version ?? row.prompt_version]
    return versions.every((version) => includesVersion(ranges, version))
  } catch (error) {
    if (isAppError(error) && error.reason === 'RESOURCE_NOT_FOUND') return false
    throw error
  }
}
