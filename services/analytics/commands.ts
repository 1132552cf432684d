import type { Deps } from './context.ts'
import { detachPartitions, makePartitions } from './db/partitions.ts'
import { rebuildRollups } from './db/rebuild-rollups.ts'
import { assertOver, parseMonth } from './months.ts'

/**
 * `partition 2026-05` makes that month's partitions, `detach 2026-05` takes them out of their tables. `rebuild` counts all events again.
 */
export const commands = ({ database }: Deps) => ({
  partition: async ([month]: string[]) => ({ made: await makePartitions(database, [parseMonth(month)]) }),
  detach: async ([text]: string[]) => {
    const month = parseMonth(text)
    assertOver(month, new Date())
    return { detached: await detachPartitions(database.sql, month) }
  },
  rebuild: async () => ({ rebuilt: await rebuildRollups(database) }),
})
