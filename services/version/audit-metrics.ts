import type { MikroORM } from '@mikro-orm/mongodb'
import type { Registry } from 'prom-client'
import { countedGauges } from '#chassis/counted-gauges.ts'
import { findLongestWaiting } from './db/waiting-audits.ts'

/** Says, when somebody asks, for how long entries of the audit log have waited to be published. */
export function auditGauges(registry: Registry, orm: MikroORM): void {
  const look = async () => ({ since: await findLongestWaiting(orm) })
  countedGauges(registry, look, [
    {
      name: 'audits_oldest_seconds',
      help: 'Age of the oldest entry of the audit log that waits, 0 without one: alarm when it is above 60.',
      valueOf: ({ since }) => (since ? Math.max(0, Date.now() - since.getTime()) / 1000 : 0),
    },
  ])
}
