import type { EventDefinition } from '#contracts/events.ts'
import type { Logger } from '../logger.ts'
import { watchOutage } from '../outage.ts'
import { pause } from '../pause.ts'
import type { Broker } from './broker.ts'
import type { QueueMetrics } from './event-metrics.ts'
import { type Delivery, openPull } from './pull.ts'

/** Milliseconds for which one request for jobs is open. A worker that stops waits for its end. */
const REQUEST_MS = 1000

/** Milliseconds between two looks at whether there is room, while none of the own jobs has ended: the limit may have grown. */
const LOOK_MS = 200

/** Milliseconds after a failure until the next request, and until a job comes again that could not be claimed. */
const RETRY_MS = 250

/** Jobs that a service takes from one lane of a queue. */
export type WorkQueue<T = unknown> = {
  /** From the catalogue: `JOBS`. */
  job: EventDefinition<T>
  /** Its durable consumer has this name. */
  lane: string
  /** How many jobs may run at once on this replica, at this moment. */
  limit(): number
  /**
   * Claims the job of a hint, and begins it. Undefined: it is not to be run, for example because another worker has it. Otherwise `done`
   * settles when it has ended, and never rejects. When `claim` throws, the hint comes again.
   */
  claim(hint: T): Promise<{ done: Promise<void> } | undefined>
}

/**
 * Takes jobs of one lane until it is stopped, never more than may run. A hint is acknowledged as soon as its job has been claimed, or
 * refused: the claim is in the database, and a hint that is held for a long job would come again. Returns how to stop; jobs that run then go
 * on.
 */
export function startWorkQueue(
  queue: WorkQueue,
  { service, broker, log, metrics }: { service: string; broker: Broker; log: Logger; metrics: QueueMetrics },
): () => Promise<void> {
  const { job, lane } = queue
  const { stream } = job
  const stopping = new AbortController()
  const { signal } = stopping
  const claiming = new Set<Promise<void>>()
  let running = 0
  let ended = Promise.withResolvers<void>()

  const release = () => {
    running -= 1
    ended.resolve()
    ended = Promise.withResolvers()
  }
  const claim = async (delivery: Delivery) => {
    try {
      const started = await queue.claim(job.message.decode(delivery.data))
      delivery.ack()
      metrics.claimed.inc({ stream, lane, outcome: started ? 'begun' : 'refused' })
      if (started) void started.done.finally(release)
      else release()
    } catch (err) {
      log.warn({ stream, lane, err }, 'a job could not be claimed: it comes again')
      delivery.nak(RETRY_MS)
      release()
    }
  }
  const take = (delivery: Delivery) => {
    running += 1
    const claimed: Promise<void> = claim(delivery).finally(() => claiming.delete(claimed))
    claiming.add(claimed)
  }
  const room = async () => {
    while (!signal.aborted && queue.limit() <= running) {
      const waited = new AbortController()
      await Promise.race([ended.promise, pause(LOOK_MS, AbortSignal.any([signal, waited.signal]))])
      waited.abort()
    }
    return queue.limit() - running
  }
  const run = async () => {
    const outage = watchOutage()
    let pull: ReturnType<typeof openPull> | undefined
    while (!signal.aborted) {
      const free = await room()
      if (signal.aborted) break
      try {
        if (!pull || pull.isClosed()) pull = openPull(broker.connection(), { service, stream, consumer: lane, take })
        await pull.request(free, REQUEST_MS)
        outage.worked()
      } catch (err) {
        if (!signal.aborted) outage.failed(() => log.warn({ stream, lane, err }, 'cannot take jobs: trying again'))
        await pause(RETRY_MS, signal)
      }
    }
    await Promise.all(claiming)
    pull?.close()
  }
  const over = run()
  return async () => {
    stopping.abort()
    await over
  }
}
