import { deleteAll } from '#chassis/db/deletion.ts'
import type { Job } from '#chassis/jobs.ts'
import type { Deps } from './context.ts'
import { deleteOldIds } from './db/delete-old-ids.ts'
import { makePartitions } from './db/partitions.ts'
import { wantedMonths } from './months.ts'

const HOUR_MS = 3_600_000

/** What this service does by itself. */
export const jobs = ({ database }: Deps): Job[] => [
  {
    name: 'make partitions',
    on: 'one replica',
    everyMs: HOUR_MS,
    run: () => makePartitions(database, wantedMonths(new Date())),
  },
  {
    name: 'delete old ids of events',
    on: 'one replica',
    everyMs: HOUR_MS,
    run: (signal) => deleteAll(database.sql, deleteOldIds, signal),
  },
]
