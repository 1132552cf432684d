import { deleteAll } from '#chassis/db/deletion.ts'
import type { Job } from '#chassis/jobs.ts'
import { createSemaphore } from '#chassis/semaphore.ts'
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

/** One window at a time: each reads all of its votes, and callers of everything else would wait for several of them. */
const turns = createSemaphore(1, Object.keys(WINDOWS).length, 'windows being computed')

/** What this service does by itself. */
export const jobs = ({ database, live }: Deps): Job[] => [
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
    run: (signal) => turns.run(window, () => refreshTrending(database, window as Window), signal),
  })),
]
