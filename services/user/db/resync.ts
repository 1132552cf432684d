import { emission } from '#chassis/events/outbox.ts'
import { resyncOf } from '#chassis/events/resync.ts'
import { DELETED_USER, EVENTS } from '#contracts/events.ts'

const metadata = { aggregateId: 't.id', aggregateRevision: 't.revision' }
const isErased = 't.erased_at is not null'
const username = `case when ${isErased} then '${DELETED_USER}' else t.username end`
const email = `case when ${isErased} then null else t.email end`

/** What `resync` tells of a user: the registration, the present name unless it can be no other than the first one, and that it was erased. */
export const resync = resyncOf({
  table: 'users',
  events: [
    { ...emission(EVENTS.userRegistered, { metadata, username, email }), at: 't.created_at' },
    {
      ...emission(EVENTS.userRenamed, { metadata, username, previousUsername: 'null' }, 't.revision > 1'),
      at: 'coalesce(t.updated_at, t.created_at)',
    },
    { ...emission(EVENTS.userErased, { metadata }, isErased), at: 't.erased_at' },
  ],
})
