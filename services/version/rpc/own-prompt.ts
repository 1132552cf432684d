import { notFound } from '#chassis/errors.ts'
import type { Origin } from '#chassis/grpc/call.ts'
import type { Readable } from '#chassis/prompt-access.ts'
import type { Deps } from '../context.ts'

/** What the caller may read of a prompt of their own. Throws NOT_FOUND for one that is somebody else's, as for one that is not there. */
export async function ownPrompt(
  { readableVersions }: Pick<Deps, 'readableVersions'>,
  promptId: string,
  origin: Origin,
): Promise<Readable> {
  const readable = await readableVersions(promptId, origin)
  if (!readable.isOwner) throw notFound('prompt')
  return readable
}
