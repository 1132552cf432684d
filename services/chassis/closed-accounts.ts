import { Gauge } from 'prom-client'
import { unlessAborted } from './grpc/waiting.ts'
import type { Identity } from './identity.ts'
import type { Job } from './jobs.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { watchOutage } from './outage.ts'

/** Milliseconds between two looks at which accounts were closed. */
const LOOK_MS = 2000

/** What a replica knows of recently closed accounts and revoked API keys, and the job that keeps it up to date. */
export type ClosedAccounts = { isClosed(userOrKeyId: string): boolean; job: Job }

/**
 * Keeps the users whose accounts were closed, and the API keys that were revoked, while they had an access token, so that this takes
 * effect in a few seconds without a call per request. While the user service does not answer, the list stays as it was: who was on it stays out, and who
 * closes an account meanwhile is out when it answers again, or when the token expires. Otherwise no service could change anything
 * without the user service.
 */
export function watchClosedAccounts({ closedAccounts }: Identity, { registry }: Metrics, log: Logger): ClosedAccounts {
  let closed: ReadonlySet<string> = new Set()
  let readAt = performance.now()
  const outage = watchOutage()
  new Gauge({
    name: 'closed_accounts_age_seconds',
    help: 'Seconds since the list of closed accounts was read: alarm when it is above 60.',
    registers: [registry],
    collect() {
      this.set((performance.now() - readAt) / 1000)
    },
  })
  const run = async (signal: AbortSignal) => {
    try {
      closed = await unlessAborted(readClosedAccounts(closedAccounts), signal)
      readAt = performance.now()
      if (outage.worked()) log.info('closed accounts are known again')
    } catch (err) {
      if (signal.aborted) return
      outage.failed(() => log.warn({ err }, 'cannot read which accounts were closed: those known before stay closed'))
    }
  }
  return {
    isClosed: (id) => closed.has(id),
    job: { name: 'read closed accounts', on: 'every replica', everyMs: LOOK_MS, run },
  }
}

/** The ids of all recently closed accounts and revoked API keys, page by page. */
export async function readClosedAccounts(readPage: Identity['closedAccounts']): Promise<ReadonlySet<string>> {
  const closed = new Set<string>()
  let after: string | undefined
  do {
    const { userIds, apiKeyIds, next } = await readPage(after)
    for (const id of [...userIds, ...apiKeyIds]) closed.add(id)
    after = next
  } while (after)
  return closed
}
