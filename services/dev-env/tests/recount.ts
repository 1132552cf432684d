import type { Ledger } from '../../../scripts/chaos/ledger.ts'
import { recount } from '../../../scripts/chaos/recount.ts'
import type { TestNetwork } from './harness.ts'

/**
 * Waits until everything is known everywhere, and answers with what does not agree: what was acknowledged with what is stored, and the stores with each other.
 * Nothing, if all is well.
 */
export async function disagreements(network: TestNetwork, ledger: Ledger, timeoutMs?: number): Promise<string[]> {
  await network.processAll(timeoutMs)
  const entries = Object.entries(network.services).map(([name, { databaseUrl }]) => [name, databaseUrl] as const)
  const findings = await recount(Object.fromEntries(entries), ledger)
  return findings.flatMap(({ wrong }) => wrong)
}
