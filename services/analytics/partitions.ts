import { Gauge, type Registry } from 'prom-client'
import type { Database } from '#chassis/db/orm.ts'
import type { Job } from '#chassis/jobs.ts'
import { countDefaultRows, detachPartitions, makePartitions } from './db/partitions.ts'
import { assertOver, parseMonth, wantedMonths } from './months.ts'

const HOUR_MS = 3_600_000

/** Makes the partitions of the months to come, every hour. */
export const partitionJob = (database: Pick<Database, 'fork'>): Job => ({
  name: 'make partitions',
  everyMs: HOUR_MS,
  run: () => makePartitions(database, wantedMonths(new Date())),
})

/** `partition 2026-05` makes that month's partitions, `detach 2026-05` takes them out of their tables. */
export const commands = ({ database }: { database: Database }) => ({
  partition: async ([month]: string[]) => ({ made: await makePartitions(database, [parseMonth(month)]) }),
  detach: async ([text]: string[]) => {
    const month = parseMonth(text)
    assertOver(month, new Date())
    return { detached: await detachPartitions(database.sql, month) }
  },
})

/** Counts the rows in the default partitions when somebody asks. */
export function partitionMetrics(registry: Registry, { sql }: Pick<Database, 'sql'>): void {
  new Gauge({
    name: 'analytics_default_partition_rows',
    help: 'Events of months without a partition, 100,000 at the most: alarm on any.',
    labelNames: ['table'],
    registers: [registry],
    async collect() {
      // A database that does not answer must not take the other metrics with it.
      const [rows] = await sql(countDefaultRows, []).catch(() => [])
      if (!rows) return
      this.set({ table: 'user_activity_events' }, rows.users)
      this.set({ table: 'prompt_activity_events' }, rows.prompts)
    },
  })
}
