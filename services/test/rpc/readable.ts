import type { Call } from '#chassis/grpc/call.ts'
import { includesVersion } from '#chassis/prompt-access.ts'
import { isAppError } from '#chassis/errors.ts'
import type { Deps } from '../context.ts'
import type { SummaryRow } from '../db/rows.ts'

/** Whether the caller may read the version that was tested, now. */
export async function mayReadText(
  { readableVersions }: Pick<Deps['remote'], 'readableVersions'>,
  { prompt_id: promptId, prompt_version: version }: Pick<SummaryRow, 'prompt_id' | 'prompt_version'>,
  { origin }: Call,
): Promise<boolean> {
  try {
    const { ranges } = await readableVersions(promptId, origin)
    return includesVersion(ranges, version)
  } catch (error) {
    if (isAppError(error) && error.reason === 'RESOURCE_NOT_FOUND') return false
    throw error
  }
}
