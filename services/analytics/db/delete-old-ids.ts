import { deletion } from '#chassis/db/deletion.ts'
import { REPEATABLE_DAYS } from '../months.ts'

/** Forgets the ids of events that cannot come again. */
export const deleteOldIds = deletion(
  'delete_old_event_ids',
  'event_ids',
  `event_time < now() - interval '${REPEATABLE_DAYS} days'`,
)
