import { boolean, integer, nullable, text, timestamptz, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { DELETED_USER } from '#contracts/events.ts'

/**
 * Stores what a licence unlocks, unless what is known is as new: delivery may repeat and reorder. What is no longer active stays, so that an
 * older revision does not bring it back. Of a user who was erased nothing is stored.
 *
 * It marks the user's rating of the prompt as that of a buyer, also when the licence is known already: a rating that was written in the
 * moment of an earlier delivery did not see the licence, and was not seen by it.
 */
export const applyEntitlement = statement('apply_entitlement', {
  licenseId: uuid,
  promptId: uuid,
  userId: uuid,
  licenseType: text,
  minVersion: integer,
  maxVersion: nullable(integer),
  expiresAt: nullable(timestamptz),
  active: boolean,
  revision: integer,
})(
  (p) => `with marked as (
    update prompt_ratings set verified_purchase = true
    where prompt_id = ${p.promptId} and user_id = ${p.userId} and not verified_purchase
  )
  insert into entitlements (license_id, prompt_id, user_id, license_type, min_version, max_version, expires_at, active, revision)
  select ${p.licenseId}, ${p.promptId}, ${p.userId}, ${p.licenseType}, ${p.minVersion}, ${p.maxVersion}, ${p.expiresAt}, ${p.active},
    ${p.revision}
  where not exists (select from authors where user_id = ${p.userId} and username = '${DELETED_USER}')
  on conflict (license_id) do update set license_type = excluded.license_type, min_version = excluded.min_version,
    max_version = excluded.max_version, expires_at = excluded.expires_at, active = excluded.active, revision = excluded.revision
  where excluded.revision > entitlements.revision`,
)

/** Forgets what a user bought. */
export const deleteEntitlements = statement('delete_entitlements', { userId: uuid })(
  (p) => `delete from entitlements where user_id = ${p.userId}`,
)
