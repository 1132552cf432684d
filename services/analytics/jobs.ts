import { deleteAll } from '#chassis/db/deletion.ts'
import type { Job } from '#chassis/jobs.ts'
import { oneAtATime } from '#chassis/one-at-a-time.ts'
import type { Deps } from './context.ts'
import { deleteOldIds } from './db/delete-old-ids.ts'
import { refreshTrending } from './db/trending-prompts.ts'
import { deleteOldVotes } from './db/votes.ts'
import { dropOldAuditEntries, makePartitions } from './db/partitions.ts'
import { wantedMonths } from './months.ts'
import { type Window, WINDOWS } from './trending.ts'

const HOUR_MS = 3_600_000

/** How soon what another replica has stored is seen here, milliseconds. */
const LOOK_MS = 500

/** What this service does by itself. */
export function jobs({ database, live }: Deps): Job[] {
  // Each window reads all of its votes: callers would have to wait for several at once.
  const inTurn = oneAtATime()
  return [
    { name: 'look for events', on: 'every replica', everyMs: LOOK_MS, run: () => live.look() },
    {
      name: 'make partitions, and drop the old ones of the audit log',
      on: 'one replica',
      everyMs: HOUR_MS,
      run: async () => {
        await makePartitions(database, wantedMonths(new Date()))
        await dropOldAuditEntries(database)
      },
    },
    {
      name: 'delete old ids of events',
      on: 'one replica',
      everyMs: HOUR_MS,
      run: (signal) => deleteAll(database.sql, deleteOldIds, signal),
    },
    {
      name: 'delete old votes',
      on: 'one replica',
      everyMs: HOUR_MS,
      run: (signal) => deleteAll(database.sql, deleteOldVotes, signal),
    },
    ...Object.entries(WINDOWS).map(([window, { everyMs }]): Job => ({
      name: `refresh trending ${window}`,
      on: 'one replica',
      everyMs,
      // What waited while the service was told to stop does not run.
      run: (signal) => inTurn(() => (signal.aborted ? undefined : refreshTrending(database, window as Window))),
    })),
  ]
}
