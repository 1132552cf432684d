import type { Registry } from 'prom-client'
import { type CountedGauge, countedGauges } from '#chassis/counted-gauges.ts'
import type { Sql } from '#chassis/db/statements.ts'
import { countQueue, type QueueRow } from './db/count-queue.ts'

/** Rows that are counted at the most: twice as many as may wait, and room for suites. */
const MAX_COUNTED = 20_000

const QUEUE: CountedGauge<QueueRow>[] = [
  {
    name: 'tests_unfinished',
    help: 'Tests of all users that have not ended, without those of suites: at 10,000 no more are taken.',
    valueOf: (row) => row.unfinished,
  },
  { name: 'tests_due', help: 'Tests that a worker could begin now.', valueOf: (row) => row.due },
  {
    name: 'tests_oldest_due_seconds',
    help: 'For how long the test has waited that was due first, 0 without one: alarm when it is above 300.',
    valueOf: (row) => row.oldest_seconds,
  },
]

/** Counts the queue of tests when somebody asks. */
export function queueGauges(registry: Registry, sql: Sql): void {
  countedGauges(registry, async () => (await sql(countQueue, { max: MAX_COUNTED }))[0], QUEUE)
}
