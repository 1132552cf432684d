import { invalid, notFound } from '#chassis/errors.ts'
import type { Call } from '#chassis/grpc/call.ts'
import { getOwnKey } from '../db/provider-keys.ts'
import { keyRevoked } from '../provider-keys.ts'

/**
 * The key of the caller's own that a test is to be run with; null for the operator's. Throws NOT_FOUND when it is not the caller's,
 * FAILED_PRECONDITION when it was revoked, INVALID_ARGUMENT when it is of another provider.
 */
export async function ownKey(
  { keyId, modelProvider }: { keyId?: string | undefined; modelProvider: string },
  { sql, caller }: Call,
): Promise<string | null> {
  if (keyId === undefined) return null
  const [key] = await sql(getOwnKey, { id: keyId, userId: caller.userId })
  if (!key) throw notFound('provider key')
  if (key.provider !== modelProvider)
    throw invalid([{ field: 'key_id', description: `is a key of ${key.provider}, not of the model’s provider` }])
  if (key.is_revoked) throw keyRevoked()
  return keyId
}
