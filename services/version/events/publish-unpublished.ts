import type { Collection } from 'mongodb'
import type { Job } from '#chassis/jobs.ts'
import type { Deps } from '../context.ts'
import { publishStored } from './replay.ts'

/** Milliseconds between two looks. */
const EVERY_MS = 30_000

/** MongoDB's code for a collection that is not there. */
const NAMESPACE_NOT_FOUND = 26

/** Versions whose event no relay marked as published or gave up: those that this release stored are among them, for they have no mark. */
const UNPUBLISHED = { publishedAt: null, abandonedAt: { $exists: false } }

/** What earlier releases elected the replica by whose relay published: `relay` is held until then. */
type Leases = Collection<{ _id: string; until: Date }>

/**
 * Publishes what replicas of an earlier release stored and did not publish before they ended. Their relay has a lease, so it is their
 * collection `leases` that tells of them: while the lease is held, their relay does it. When none is held any more, this publishes
 * everything without a mark, under the ids that it has anyway, and drops the collection. Later looks find nothing to do.
 */
export const publishUnpublished = ({ orm, versions, publish }: Pick<Deps, 'orm' | 'versions' | 'publish'>): Job => ({
  name: 'publish what earlier releases did not',
  on: 'every replica',
  everyMs: EVERY_MS,
  run: async (signal) => {
    const db = orm.em.getConnection().getDb()
    if (!(await db.listCollections({ name: 'leases' }, { nameOnly: true }).hasNext())) return
    const leases: Leases = db.collection('leases')
    if (await leases.findOne({ _id: 'relay', until: { $gt: new Date() } })) return
    try {
      await publishStored({ versions, publish }, UNPUBLISHED, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    await leases.drop().catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== NAMESPACE_NOT_FOUND) throw error
    })
  },
})
