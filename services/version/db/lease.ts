import { randomUUID } from 'node:crypto'
import type { Collection } from 'mongodb'
import { isDuplicateKey } from '#chassis/db/mongo-failures.ts'
import type { MongoDatabase } from '#chassis/db/mongo.ts'
import type { Logger } from '#chassis/logger.ts'
import { pause } from '#chassis/pause.ts'

/** Milliseconds for which a lease is good, and between two attempts to take or renew it. */
const LEASE_MS = 5000
const RENEW_MS = 1000

/** The one lease that there is: to publish. */
const RELAY = 'relay'

/** Who may do what only one replica should, and until when. Clocks that differ cost a repetition, and nothing else. */
export type Leases = Collection<{ _id: string; holder: string; until: Date }>

/** Opens the collection. */
export const openLeases = (database: MongoDatabase): Leases => database.collection('leases')

/**
 * Runs `work` while this process has the lease, and tries again once a second to get it; resolves when `signal` is aborted. The
 * signal that `work` gets tells also that the lease was lost, or could not be renewed.
 */
export async function whileLeading(
  { leases, log }: { leases: Leases; log: Logger },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const holder = randomUUID()
  const take = () =>
    takeLease(leases, holder).catch((err: unknown) => {
      log.warn({ err }, 'the lease to publish cannot be had')
      return false
    })
  while (!signal.aborted) {
    if (await take()) await leadOnce(take, signal, work)
    if (!signal.aborted) await pause(RENEW_MS, signal)
  }
  await leases.deleteOne({ _id: RELAY, holder }).catch(() => undefined)
}

async function leadOnce(
  take: () => Promise<boolean>,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ending = new AbortController()
  const leading = AbortSignal.any([signal, ending.signal])
  const renewing = (async () => {
    do await pause(RENEW_MS, leading)
    while (!leading.aborted && (await take()))
    ending.abort()
  })()
  await work(leading).finally(() => ending.abort())
  await renewing
}

/** Takes the lease when nobody has it, or renews it. One update: when somebody else has it, its upsert meets their document. */
async function takeLease(leases: Leases, holder: string): Promise<boolean> {
  const now = Date.now()
  const mine = { _id: RELAY, $or: [{ holder }, { until: { $lt: new Date(now) } }] }
  try {
    await leases.updateOne(mine, { $set: { holder, until: new Date(now + LEASE_MS) } }, { upsert: true })
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}
