import { EventEmitter, once } from 'node:events'
import {
  type Event,
  FeedServiceService,
  type WatchRequest,
  type WatchResponse,
} from '#contracts/gen/promptforge/testing/v1/feed_service.ts'
import type { PostgresConfig } from '../config.ts'
import type { Overrides } from '../define-service.ts'
import type { PublicCall, Streaming } from '../grpc/call.ts'
import { serve } from '../grpc/server.ts'
import { watching } from '../grpc/watching.ts'
import { testContract } from '../testing/contract.ts'
import type { TestDatabase } from '../testing/database.ts'
import { startTestService } from '../testing/service.ts'
import { bareService } from './harness.ts'

/** A handler of Watch. */
export type Watch = (request: WatchRequest, call: Streaming<PublicCall>) => AsyncIterable<WatchResponse>

/** Starts one replica of a service with the RPCs of `testing/proto`. */
export const startFeedService = (
  watch: Watch,
  {
    overrides,
    ...options
  }: { config?: Partial<PostgresConfig>; overrides?: Overrides<object>; database?: TestDatabase } = {},
) => {
  const feeds = serve(FeedServiceService, {
    receiveWebhook: async () => ({ bytes: 0 }),
    upload: async () => ({ bytes: 0 }),
    watch,
    watchOwn: async function* () {},
  })
  return startTestService(bareService([feeds]), { ...options, overrides: { contract: testContract(), ...overrides } })
}

/** What has happened, for all replicas of a test: in the product it is in a database. */
export type Feed = {
  publish(text: string): void
  /** A handler as the product's are to be, with a heartbeat after so many milliseconds of silence. */
  watch(everyMs?: number): Watch
  /** All that was published. */
  texts(): string[]
  /** How many of its streams are open. */
  open(): number
}

export function createFeed(): Feed {
  const texts: string[] = []
  const news = new EventEmitter().setMaxListeners(0)
  let open = 0

  async function* eventsAfter(after: bigint, signal: AbortSignal): AsyncGenerator<Event> {
    for (let next = Number(after); !signal.aborted;) {
      const text = texts[next]
      if (text === undefined) await once(news, 'published', { signal }).catch(() => undefined)
      else yield { cursor: BigInt(++next), text }
    }
  }

  const watch = (everyMs?: number): Watch =>
    async function* ({ after }, call) {
      open++
      try {
        yield* watching(call, after, (signal) => eventsAfter(after, signal), everyMs)
      } finally {
        open--
      }
    }

  const publish = (text: string) => {
    texts.push(text)
    news.emit('published')
  }
  return { publish, watch, texts: () => texts, open: () => open }
}

export const event = (cursor: bigint, text: string): WatchResponse => ({
  kind: { $case: 'event', value: { cursor, text } },
})
