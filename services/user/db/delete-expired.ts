import { deleteAll, deletion } from '#chassis/db/deletion.ts'
import type { Sql } from '#chassis/db/statements.ts'

/** One statement for each kind of row. */
export const EXPIRED = [
  deletion('delete_expired_refresh_tokens', 'refresh_tokens', 'expires_at < now()'),
  deletion('delete_old_sign_in_failures', 'sign_in_failures', `retry_at < now() - interval '1 hour'`),
  deletion('delete_free_usernames', 'held_usernames', 'held_until < now()'),
  deletion('delete_old_api_keys', 'api_keys', `least(revoked_at, expires_at) < now() - interval '90 days'`),
]

/**
 * Deletes refresh tokens that have expired, failures after an hour's quiet, usernames that are no longer held, and API keys 90 days
 * after their end.
 */
export async function deleteExpired(sql: Sql, signal: AbortSignal): Promise<void> {
  for (const query of EXPIRED) await deleteAll(sql, query, signal)
}
