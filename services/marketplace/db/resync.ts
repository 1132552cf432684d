import { emission } from '#chassis/events/outbox.ts'
import { resyncOf } from '#chassis/events/resync.ts'
import { EVENTS } from '#contracts/events.ts'

const about = {
  metadata: { aggregateId: 't.id', aggregateRevision: 't.revision' },
  actor: { userId: 't.buyer_id', username: 'null' },
  entitlement: {
    licenseId: 't.id',
    promptId: 't.prompt_id',
    userId: 't.buyer_id',
    licenseType: 't.license_type',
    minVersion: 't.min_version',
    maxVersion: 't.max_version',
    // As proto3 JSON has it.
    expiresAt: `to_char(t.expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
    active: 't.is_active',
    revision: 't.revision',
  },
}

/** What `resync` tells of a licence: what it unlocks, or that it unlocks nothing any more. */
export const resync = resyncOf({
  table: 'licenses',
  events: [
    { ...emission(EVENTS.licenseGranted, about, 't.is_active'), at: 't.created_at' },
    {
      ...emission(
        EVENTS.licenseRevoked,
        { ...about, reason: `case when t.revoked_at is null then 'EXPIRED' else 'REVOKED' end` },
        'not t.is_active',
      ),
      at: 'coalesce(t.revoked_at, t.expires_at, t.created_at)',
    },
  ],
})
