import { emission } from '#chassis/events/outbox.ts'
import { resyncOf } from '#chassis/events/resync.ts'
import { EVENTS } from '#contracts/events.ts'

const metadata = { aggregateId: 't.id', aggregateRevision: 't.revision' }
const username = 't.username'

/** What `resync` tells of a user: the registration, and the present name unless it can be no other than the first one. */
export const resync = resyncOf({
  table: 'users',
  events: [
    { ...emission(EVENTS.userRegistered, { metadata, username, email: 't.email' }), at: 't.created_at' },
    {
      ...emission(EVENTS.userRenamed, { metadata, username, previousUsername: 'null' }, 't.revision > 1'),
      at: 'coalesce(t.updated_at, t.created_at)',
    },
  ],
})
