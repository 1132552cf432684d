import { recount as recountRollups } from '../../analytics/db/recount.ts'
import { recount as recountLedger } from '../../marketplace/db/recount.ts'
import { recount as recountBudgets } from '../../test/db/recount.ts'
import { recountCounters } from './counters.ts'
import { recountEvents } from './events.ts'
import { type Finding, type Mismatch, mismatchLine } from './finding.ts'
import { recountLicences } from './licences.ts'
import { recountPrompts } from './prompts.ts'
import { recountSocial } from './social.ts'
import type { Stores } from './stores.ts'

/**
 * Compares the stores of all services: each with itself, and what one service stores with what the others were told of it. Everything must have been
 * processed; of stores in use see `recountInUse`. Of events it compares those of the last days, which the outboxes still have.
 */
export async function recount(stores: Stores): Promise<Finding[]> {
  return [
    ...(await recountPrompts(stores)),
    ...(await recountEvents(stores)),
    ...(await recountSocial(stores)),
    ...(await recountCounters(stores)),
    await recountLicences(stores),
    await recountItself(stores, 'marketplace', recountLedger, {
      what: 'the ledger, balances and licences are what the sales say',
      count: 'select count(*)::integer as count from transactions',
    }),
    await recountItself(stores, 'test', recountBudgets, {
      what: 'what is reserved, spent and unfinished is what the tests say',
      count: 'select ((select count(*) from spend) + (select count(*) from budgets))::integer as count',
    }),
    await recountItself(stores, 'analytics', recountRollups, {
      what: 'rollups, totals and facts are what counting the events gives',
      count: 'select coalesce(sum(count), 0)::float8 as count from platform_totals',
    }),
  ]
}

type Recount = (query: (text: string) => Promise<Mismatch[]>) => Promise<Mismatch[]>

/** What a service can count again by itself. */
async function recountItself(
  { query }: Stores,
  service: string,
  work: Recount,
  { what, count }: { what: string; count: string },
): Promise<Finding> {
  const mismatches = await work((text) => query<Mismatch>(service, text))
  const [row] = await query<{ count: number }>(service, count)
  return { what, compared: row!.count, wrong: mismatches.map(mismatchLine) }
}
