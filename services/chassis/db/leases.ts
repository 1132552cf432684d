import { randomUUID } from 'node:crypto'
import type { Collection } from 'mongodb'
import type { Lock, TakeLock } from '../leader.ts'
import { pause } from '../pause.ts'
import { isDuplicateKey } from './mongo-failures.ts'

/** Milliseconds for which a lease is good, and between two renewals. */
const LEASE_MS = 5000
const RENEW_MS = 1000

/** Who has which lock, and until when. Replicas whose clocks differ may both lead for a while. */
export type Leases = Collection<{ _id: string; holder: string; until: Date }>

/** The collection of them, which the chassis makes in every MongoDB. */
export const LEASES = 'leases'

/** Locks that are documents: each is a lease, which its holder renews once a second. It is lost when it cannot be renewed. */
export const leaseLocks = (leases: Leases): TakeLock => {
  const holder = randomUUID()
  return async (name) => ((await takeLease(leases, name, holder)) ? holdLease(leases, name, holder) : undefined)
}

function holdLease(leases: Leases, name: string, holder: string): Lock {
  const lost = new AbortController()
  const released = new AbortController()
  const renewing = (async () => {
    do await pause(RENEW_MS, released.signal)
    while (!released.signal.aborted && (await takeLease(leases, name, holder).catch(() => false)))
    lost.abort()
  })()
  const release = async () => {
    released.abort()
    await renewing
    await leases.deleteOne({ _id: name, holder }).catch(() => undefined)
  }
  return { lost: lost.signal, release }
}

/** Takes the lease when nobody has it, or renews it. One update: when somebody else has it, its upsert meets their document. */
async function takeLease(leases: Leases, name: string, holder: string): Promise<boolean> {
  const now = Date.now()
  const free = { _id: name, $or: [{ holder }, { until: { $lt: new Date(now) } }] }
  try {
    await leases.updateOne(free, { $set: { holder, until: new Date(now + LEASE_MS) } }, { upsert: true })
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}
