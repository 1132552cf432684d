import { emission } from '#chassis/events/outbox.ts'
import { resyncOf } from '#chassis/events/resync.ts'
import { EVENTS } from '#contracts/events.ts'
import { contentChanged, factsOf } from './emissions.ts'

const metadata = { aggregateId: 't.id', aggregateRevision: 't.revision' }
const actor = { userId: 't.user_id', username: 't.username' }
const nobody = { userId: 'null', username: 'null' }

/**
 * What `resync` tells of a prompt: that it was created and what it is now, its head version, also of a deleted prompt, which licensees
 * read on, and its deletion. Earlier versions are only in the version service, and likes are not told again.
 */
export const resync = resyncOf({
  table: 'prompts',
  events: [
    { ...emission(EVENTS.promptCreated, { metadata, actor, prompt: factsOf('t') }), at: 't.created_at' },
    {
      ...contentChanged('t', { metadata, actor, changes: 'null' }),
      // The head was written at the last change or before.
      at: 'case when t.version = 1 then t.created_at else coalesce(t.updated_at, t.created_at) end',
    },
    {
      ...emission(EVENTS.promptDeleted, { metadata, actor: nobody, prompt: factsOf('t') }, 't.deleted_at is not null'),
      at: 't.deleted_at',
    },
  ],
})
