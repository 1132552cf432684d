import { Gauge, type Registry } from 'prom-client'
import type { Database } from '#chassis/db/orm.ts'
import { countDefaultRows } from './db/partitions.ts'

/** Counts the rows in the default partitions when somebody asks. */
export function partitionMetrics(registry: Registry, { sql }: Pick<Database, 'sql'>): void {
  new Gauge({
    name: 'analytics_default_partition_rows',
    help: 'Events of months without a partition, 100,000 at the most: alarm on any.',
    labelNames: ['table'],
    registers: [registry],
    async collect() {
      // A database that does not answer must not take the other metrics with it.
      const [rows] = await sql(countDefaultRows, {}).catch(() => [])
      if (!rows) return
      this.set({ table: 'user_activity_events' }, rows.users)
      this.set({ table: 'prompt_activity_events' }, rows.prompts)
      this.set({ table: 'audit_entries' }, rows.audits)
    },
  })
}
