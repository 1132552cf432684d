import { Events } from './20261126060000-events.ts'
import { Partitions } from './20261126060100-partitions.ts'
import { Rollups } from './20261126060200-rollups.ts'
import { UnusedTables } from './20261127000000-unused-tables.ts'
import { CountedOnce } from './20261127040000-counted-once.ts'
import { FactsByOwner } from './20261127094000-facts-by-owner.ts'
import { EventLists } from './20261127094100-event-lists.ts'
import { Trending } from './20261127094200-trending.ts'
import { Arrivals } from './20261127113000-arrivals.ts'
import { Sales } from './20261128021500-sales.ts'
import { Audit } from './20261128091500-audit.ts'
import { AuditByAction } from './20261128125000-audit-by-action.ts'

/** Oldest first. The names are stored in the database, so they never change. */
export const migrations = [
  { name: '20261126060000-events', class: Events },
  { name: '20261126060100-partitions', class: Partitions },
  { name: '20261126060200-rollups', class: Rollups },
  { name: '20261127000000-unused-tables', class: UnusedTables },
  { name: '20261127040000-counted-once', class: CountedOnce },
  { name: '20261127094000-facts-by-owner', class: FactsByOwner },
  { name: '20261127094100-event-lists', class: EventLists },
  { name: '20261127094200-trending', class: Trending },
  { name: '20261127113000-arrivals', class: Arrivals },
  { name: '20261128021500-sales', class: Sales },
  { name: '20261128091500-audit', class: Audit },
  { name: '20261128125000-audit-by-action', class: AuditByAction },
]
