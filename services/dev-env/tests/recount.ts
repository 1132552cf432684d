import type { Ledger } from '../../../scripts/chaos/ledger.ts'
import { recount } from '../../../scripts/chaos/recount.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import { type Mismatch, recount as recountRollups } from '../../analytics/db/recount.ts'
import type { TestNetwork } from './harness.ts'

/**
 * Waits until everything is known everywhere, and answers with what does not agree: what was acknowledged with what is stored,
 * that with its events, these with what was counted, and the rollups with that. Nothing, if all is well.
 */
export async function disagreements(network: TestNetwork, ledger: Ledger): Promise<(string | Mismatch)[]> {
  await network.processAll()
  const entries = Object.entries(network.services).map(([name, { databaseUrl }]) => [name, databaseUrl] as const)
  const databases = Object.fromEntries(entries)
  const findings = await recount(databases, ledger)
  const mismatches = await recountRollups((text) => onDatabase<Mismatch>(databases['analytics']!, text))
  return [...findings.flatMap(({ wrong }) => wrong), ...mismatches]
}
