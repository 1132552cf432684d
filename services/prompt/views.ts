import { createHmac } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Counter, type Registry } from 'prom-client'
import type { Publish } from '#chassis/events/publisher.ts'
import type { PublicCall } from '#chassis/grpc/call.ts'
import { newId } from '#chassis/ids.ts'
import type { Logger } from '#chassis/logger.ts'
import { pause } from '#chassis/pause.ts'
import { EVENTS } from '#contracts/events.ts'
import type { PromptView } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { type Described, factsOf } from './prompt.ts'

/** Milliseconds that views are gathered before they are published. */
const GATHER_MS = 100

/** Views in one message. */
const BATCH = 256

/** The most views in memory: further views are lost. */
const MAX_VIEWS = 10_000

/** Milliseconds between two tries of a message, and from the first one until it is given up. */
const RETRY_MS = 250
const GIVE_UP_MS = 60_000

/** Addresses whose hash is remembered. */
const ADDRESSES = 10_000

/** Who read what, for statistics: collected in the process and published in the background, so that a read neither waits nor fails for it. */
export type Views = {
  /** Notes that a prompt has been read. It never throws. */
  record(prompt: Described & { id: string }, call: Pick<PublicCall, 'caller' | 'origin'>): void
  /** Publishes the remaining views, and ends: views that NATS does not accept at once are lost. */
  close(): Promise<void>
}

type Parts = {
  publish: Publish
  /** Key of the hashes that stand for addresses. */
  secret: string
  registry: Registry
  log: Logger
}

/** Makes the views of a service. Nothing runs while nothing is read. */
export function createViews({ publish, secret, registry, log }: Parts): Views {
  const { recorded, lost } = createCounters(registry)
  const hashOf = createHashes(secret)
  const stopping = new AbortController()
  const waiting: PromptView[] = []
  let held = 0
  let publishing: Promise<void> | undefined

  const isPublished = async (views: PromptView[]) => {
    const id = newId()
    const end = Date.now() + GIVE_UP_MS
    for (let tries = 1; ; tries++) {
      try {
        await publish(EVENTS.promptViewsRecorded, [{ id, message: { views } }])
        return true
      } catch (err) {
        if (tries === 1) log.warn({ err, views: views.length }, 'NATS does not accept views: they wait in memory')
        if (stopping.signal.aborted || Date.now() >= end) return false
        await pause(RETRY_MS, stopping.signal)
      }
    }
  }

  const publishWaiting = async () => {
    while (waiting.length > 0) {
      await pause(GATHER_MS, stopping.signal)
      const due = waiting.splice(0)
      while (due.length > 0) {
        const views = due.splice(0, BATCH)
        const counter = (await isPublished(views)) ? recorded : lost
        counter.inc(views.length)
        held -= views.length
        // Nobody waits for a NATS that is away: not each of the others for as long as this one.
        if (counter === lost && stopping.signal.aborted) return lost.inc(held)
      }
    }
    publishing = undefined
  }

  return {
    record: (prompt, { caller, origin }) => {
      if (held >= MAX_VIEWS) return lost.inc()
      held++
      waiting.push({
        eventId: newId(),
        promptId: prompt.id,
        prompt: factsOf(prompt),
        viewer: caller && { userId: caller.userId, username: caller.username },
        viewerHash: caller ? '' : hashOf(origin.address),
        occurredAt: new Date(),
      })
      publishing ??= publishWaiting()
    },
    close: async () => {
      stopping.abort()
      await publishing
    },
  }
}

function createCounters(registry: Registry) {
  const registers = [registry]
  return {
    recorded: new Counter({ name: 'prompt_views_recorded_total', help: 'Views published.', registers }),
    lost: new Counter({
      name: 'prompt_views_lost_total',
      help: 'Views that were not published: NATS was away, or too slow, for too long.',
      registers,
    }),
  }
}

/** Half of an HMAC, in hexadecimal digits: without the secret, trying all addresses does not find it. */
function createHashes(secret: string) {
  const hashes = new LRUCache<string, string>({
    max: ADDRESSES,
    memoMethod: (address) => createHmac('sha256', secret).update(address).digest('hex').slice(0, 32),
  })
  return (address: string) => hashes.memo(address)
}
