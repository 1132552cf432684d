import { bytea } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import type { Role } from '../user.ts'

/** A key that can be exchanged, and its user. */
export type ExchangedKey = {
  key_id: string
  scopes: string[]
  expires_at: Date | null
  id: string
  username: string
  role: Role
}

/**
 * Finds a key by its hash, and notes that it was used, at most once a minute. No row: it cannot be exchanged. Of many that come at
 * once, one notes it, and the others do not wait for it.
 */
export const exchangeApiKey = statement('exchange_api_key', { hash: bytea })<ExchangedKey>(
  (p) => `with found as (
    select k.id as key_id, k.scopes, k.expires_at, u.id, u.username, u.role
    from api_keys k join users u on u.id = k.user_id
    where k.hash = ${p.hash} and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
      and u.status = 'ACTIVE'
  ),
  used as (
    update api_keys set last_used_at = now()
    where id = (
      select k.id from api_keys k join found f on f.key_id = k.id
      where k.last_used_at is null or k.last_used_at < now() - interval '1 minute'
      for no key update of k skip locked
    )
  )
  select * from found`,
)
