import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import type { Refusal } from '#chassis/events/subscription.ts'
import type { Outgoing } from '#chassis/grpc/client.ts'
import type { Role } from '#chassis/grpc/tokens.ts'
import type { TestDatabase } from '#chassis/testing/database.ts'
import { startTestService } from '#chassis/testing/service.ts'
import { consumedBy, type EventDefinition, EVENTS } from '#contracts/events.ts'
import { AnalyticsServiceService } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { readTraceparent } from '#chassis/trace.ts'
import { type Mismatch, recount } from '../db/recount.ts'
import { subscriptions } from '../events/index.ts'
import { analyticsService } from '../service.ts'

/** What an event of a test may say; the rest is ordinary. */
export type Said = {
  id?: string
  /** When; default: now. */
  at?: Date
  /** The prompt or user; default: a new one. */
  about?: string
  revision?: number
  /** Who did it. */
  actor?: string
  owner?: string
  visible?: boolean
  viewerHash?: string
  username?: string
  email?: string
  title?: string
  category?: string
  /** What the sale, the offer or the licence of an event of the marketplace says beside its seller, who is the owner. */
  sale?: { promptId?: string; amountCents?: number; feeCents?: number; currency?: string }
  /** Whether `resync` tells it. */
  resync?: boolean
  /** More members of the message. */
  more?: object
}

/** What is sold for 19.99 in a test that does not say. */
const SALE = { amountCents: 1999, feeCents: 400, currency: 'USD' }

/** Makes an event as a consumer gets it. The message is made of JSON in which every event finds its members. */
export function eventOf(event: EventDefinition<any>, said: Said = {}): Received {
  const { id = v7(), at = new Date(), about = v7(), revision = 1, visible = true, title = 'A title', category } = said
  const username = said.username ?? 'somebody'
  const actor = said.actor === '' ? undefined : { userId: said.actor ?? v7(), username }
  const labels = { title, category: category ?? 'writing' }
  const prompt = { ownerId: said.owner ?? v7(), visible, ...labels }
  const metadata = {
    aggregateId: about,
    aggregateRevision: String(revision),
    occurredAt: at.toISOString(),
    resync: said.resync,
  }
  const view = { eventId: id, promptId: about, prompt, viewer: actor, occurredAt: at.toISOString() }
  const views = [{ ...view, ...(said.viewerHash && { viewerHash: said.viewerHash }) }]
  const sold = {
    listingId: v7(),
    promptId: v7(),
    sellerId: prompt.ownerId,
    licenseType: 'PERSONAL',
    ...SALE,
    ...said.sale,
  }
  const { amountCents: priceCents, ...offered } = sold
  const unlocked = {
    licenseId: about,
    promptId: sold.promptId,
    userId: actor?.userId,
    licenseType: 'PERSONAL',
    minVersion: 1,
  }
  const market = {
    sale: sold,
    offer: { ...offered, priceCents },
    entitlement: { ...unlocked, revision: String(revision) },
  }
  const user = { username, email: said.email ?? 'somebody@example.org' }
  const payload: unknown = event.message.fromJSON({
    metadata,
    actor,
    prompt,
    ...labels,
    ...user,
    ...market,
    views,
    ...said.more,
  })
  return { event: event as EventDefinition, id, payload, requestId: undefined, trace: readTraceparent('') }
}

/** A message about several views. */
export function viewsOf(views: Said[]): Received {
  const received = eventOf(EVENTS.promptViewsRecorded)
  const all = views.map((said) => eventOf(EVENTS.promptViewsRecorded, said).payload as { views: unknown[] })
  return { ...received, payload: { views: all.flatMap((message) => message.views) } }
}

/** What analytics counts: all that it consumes, but for the entries of the audit log. */
export const COUNTED = consumedBy('analytics').filter(({ about }) => about !== 'audited')

/**
 * The real analytics service on a database of its own, or one more replica on a given one, and what its tests need around it; with
 * a broker at `natsUrl`, if any.
 */
export async function startAnalytics(natsUrl?: string, replicaOf?: TestDatabase) {
  const test = await startTestService(analyticsService, {
    ...(natsUrl && { env: { PF_NATS_URL: natsUrl } }),
    ...(replicaOf && { database: replicaOf }),
  })
  const { database, identity, service } = test
  const streams = subscriptions(service.context)

  /** Handles events as the consumer of their stream does, those of one stream in one batch. */
  const ingest = async (...batch: Received[]): Promise<Refusal[]> => {
    const refusals: Refusal[] = []
    for (const { stream, handle } of streams) {
      const own = batch.filter(({ event }) => event.stream === stream)
      if (own.length > 0) refusals.push(...(await handle(own)))
    }
    return refusals
  }

  const tokenOf = async (userId: string, role: Role = 'USER'): Promise<Outgoing> => ({
    token: await identity.tokenFor({ userId, username: 'somebody', role }),
  })

  return {
    ...test,
    ingest,
    tokenOf,
    analytics: test.stub(AnalyticsServiceService),
    recount: () => recount((text) => database.query<Mismatch>(text)),
    /** Empties all tables: those of trending prompts in the order in which their job locks them. */
    clear: () =>
      database.query(`truncate user_activity_events, prompt_activity_events, user_daily, prompt_daily, platform_hourly,
        platform_totals, sales_hourly, user_facts, event_ids, counted_once, prompt_votes, prompt_facts, trending_prompts`),
    /** All that is counted and known, to be compared. */
    snapshot: async () => ({
      daily: await database.query('select * from prompt_daily order by prompt_id, day, event_type'),
      users: await database.query('select * from user_daily order by user_id, day, event_type'),
      hourly: await database.query('select * from platform_hourly order by hour, event_type'),
      totals: await database.query('select * from platform_totals order by event_type'),
      sales: await database.query('select * from sales_hourly order by seller_id, prompt_id, hour, currency'),
      votes: await database.query('select * from prompt_votes order by day, prompt_id, voter'),
      facts: await database.query('select * from prompt_facts order by prompt_id'),
    }),
  }
}

/** What `startAnalytics` answers with. */
export type AnalyticsTest = Awaited<ReturnType<typeof startAnalytics>>
