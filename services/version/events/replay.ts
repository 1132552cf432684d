import type { Filter } from 'mongodb'
import { retryOf } from '#chassis/grpc/status.ts'
import { pause } from '#chassis/pause.ts'
import type { Deps } from '../context.ts'
import { EVENT_FIELDS, type EventFields, type VersionDocument } from '../db/documents.ts'
import { publishCreated } from './publish-created.ts'

/** Events that are published together: what is in memory. */
const PAGE = 500

/** Milliseconds that NATS may take to answer, and between two tries. */
const WAIT_MS = 60_000
const RETRY_MS = 250

/** Publishes again that versions were stored which were written since then; answers with how many. */
export const replay = (deps: Parts, since: Date): Promise<number> =>
  publishStored(deps, { createdAt: { $gte: since } }, new AbortController().signal)

type Parts = Pick<Deps, 'versions' | 'publish'>

/**
 * Publishes that these versions were stored, oldest first, and answers with how many. Waits up to a minute for NATS; throws when that was in
 * vain, when MongoDB does not answer, and when `signal` is aborted.
 */
export async function publishStored(
  { versions, publish }: Parts,
  filter: Filter<VersionDocument>,
  signal: AbortSignal,
): Promise<number> {
  // Each read has the time of an operation, not all of them together.
  const options = { projection: EVENT_FIELDS, batchSize: PAGE, timeoutMode: 'iteration' } as const
  const cursor = versions.find<EventFields>(filter, options).sort({ createdAt: 1 })
  let published = 0
  try {
    while (await cursor.hasNext()) {
      const page = cursor.readBufferedDocuments()
      await untilTaken(() => publishCreated(publish, page), signal)
      published += page.length
    }
    return published
  } finally {
    await cursor.close()
  }
}

// A command publishes before its connection to NATS is there.
async function untilTaken(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const end = Date.now() + WAIT_MS; ;) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (retryOf(error) !== 'unavailable' || Date.now() >= end) throw error
      await pause(RETRY_MS, signal)
    }
  }
}
