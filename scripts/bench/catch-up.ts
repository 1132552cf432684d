import { setTimeout as sleep } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { Pool } from 'pg'
import { v7 } from 'uuid'
import { createSql } from '#chassis/db/statements.ts'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { loadContract } from '#contracts/contract.ts'
import { EVENTS } from '#contracts/events.ts'
import {
  AnalyticsServiceService,
  GetPlatformStatsRequest,
  GetPromptStatsRequest,
  ListTrendingPromptsRequest,
} from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { PromptLiked } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { insertPromptEvents, promptEventColumns } from '../../services/analytics/db/insert-prompt-events.ts'
import type { PromptEventRow } from '../../services/analytics/events/rows.ts'
import { MESH } from '../../services/dev-env/infra/authority.ts'
import { watchMemory } from '../processes/usage.ts'
import type { BenchSite } from './site.ts'
import type { SpineResult } from './table.ts'

/** What analytics catches up with: messages of PF_PROMPT from this sequence on, all of them likes, of these prompts. */
export type Backlog = { first: number; promptIds: string[] }

/** Events that the bare loop and the bare statement store each time, in large batches: nobody waits for them. */
const BARE = 30_000
const BATCH = 1000

/** Calls a second of each query that analytics answers meanwhile. */
const RATE = 10

/**
 * Has analytics catch up with a backlog while it answers queries, beside the same statement in a bare loop that pulls, stores and
 * acknowledges, and beside the statement alone. Both are measured before and after: tables grow.
 */
export async function measureCatchUp(site: BenchSite, backlog: Backlog): Promise<SpineResult[]> {
  const looping = [await bareLoop(site, backlog)]
  const storing = [await bareStatement(site, backlog)]
  const { rate, memoryMiB, times } = await catchUp(site, backlog)
  looping.push(await bareLoop(site, backlog))
  storing.push(await bareStatement(site, backlog))
  const beside = (what: string, rates: number[]): SpineResult => {
    const bare = rates.reduce((sum, one) => sum + one, 0) / rates.length
    const measured = `${rate.toFixed(0)} events/s`
    return { what, measured, bare: `${bare.toFixed(0)} events/s`, ratio: rate / bare, memoryMiB }
  }
  return [
    beside('analytics catches up; bare: pull, statement, ack', looping),
    beside('analytics catches up; bare: the statement alone', storing),
    ...[...times].map(([name, taken]) => ({ what: `${name} meanwhile`, measured: percentiles(taken) })),
  ]
}

/** Medians and tails as text. Sorts them. */
export function percentiles(times: number[]): string {
  times.sort((a, b) => a - b)
  const at = (share: number) => `${times[Math.floor(times.length * share)]!.toFixed(0)} ms`
  return `p50 ${at(0.5)}, p99 ${at(0.99)}`
}

async function catchUp({ spine, analytics, manager, certificates, data }: BenchSite, { promptIds }: Backlog) {
  const waiting = async () => {
    const { num_pending: unread, num_ack_pending: unacknowledged } = await manager.consumers.info(
      'PF_PROMPT',
      'analytics',
    )
    return unread + unacknowledged
  }
  const { token } = (await data()).callers[0]!
  const rows = await waiting()
  await spine.run()
  const memory = watchMemory(analytics.pid)
  const calls = await callConstantly(analytics.port, certificates, token, promptIds)
  while ((await waiting()) > rows * 0.95) await sleep(10)
  const begun = performance.now()
  const head = rows - (await waiting())
  while ((await waiting()) > 0) await sleep(20)
  const rate = ((rows - head) / (performance.now() - begun)) * 1000
  return { rate, memoryMiB: memory.stop(), times: await calls.stop() }
}

/** Calls each query at a constant rate, however long answers take, when a first call has connected; tells how many milliseconds they took. */
async function callConstantly(port: number, certificates: string, token: string, promptIds: string[]) {
  const mesh = openMesh({ certificates, ...MESH })
  const target = `dns:///localhost:${port}`
  const channel = openChannel({ contract: loadContract(), mesh, service: 'analytics', target })
  const stub = createStub(channel, AnalyticsServiceService)
  const times = new Map<string, number[]>()
  const pending: Promise<unknown>[] = []
  const measure = async (name: string, call: Promise<unknown>) => {
    const begun = performance.now()
    await call
    times.set(name, [...(times.get(name) ?? []), performance.now() - begun])
  }
  let nth = 0
  const callAll = () => {
    const promptId = promptIds[nth++ % promptIds.length]!
    const calls = [
      measure('GetPromptStats', stub.getPromptStats(GetPromptStatsRequest.fromPartial({ promptId }), { token })),
      measure('GetPlatformStats', stub.getPlatformStats(GetPlatformStatsRequest.fromPartial({}), { token })),
      measure('ListTrendingPrompts', stub.listTrendingPrompts(ListTrendingPromptsRequest.fromPartial({}), { token })),
    ]
    // An error is thrown by `stop`.
    for (const call of calls) call.catch(() => undefined)
    pending.push(...calls)
  }
  await stub.getPlatformStats(GetPlatformStatsRequest.fromPartial({}), { token })
  const timer = setInterval(callAll, 1000 / RATE)
  return {
    stop: async () => {
      clearInterval(timer)
      await Promise.all(pending).finally(() => channel.close())
      return times
    },
  }
}

/** Pulls messages of the backlog, stores them with the ingest's statement and acknowledges them, one batch after the other: events a second. */
async function bareLoop({ manager, databases }: BenchSite, { first }: Backlog): Promise<number> {
  await manager.consumers.add('PF_PROMPT', {
    durable_name: 'bench',
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: first,
    filter_subject: EVENTS.promptLiked.subject,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 5000,
  })
  const pool = new Pool({ connectionString: databases.analytics, max: 1 })
  try {
    const consumer = await manager.jetstream().consumers.get('PF_PROMPT', 'bench')
    const sql = createSql(pool)
    const begun = performance.now()
    for (let stored = 0; stored < BARE;) {
      const messages: JsMsg[] = []
      for await (const message of await consumer.fetch({ max_messages: BATCH, expires: 5000 })) messages.push(message)
      if (messages.length === 0) throw new Error(`the backlog ended after ${stored} events: give --events more`)
      const rows = messages.map(({ data: bytes }) => likeRow(PromptLiked.decode(bytes)))
      await sql(insertPromptEvents, promptEventColumns(rows))
      for (const message of messages) message.ack()
      stored += messages.length
    }
    return (BARE / (performance.now() - begun)) * 1000
  } finally {
    await pool.end()
    await manager.consumers.delete('PF_PROMPT', 'bench')
  }
}

/** The statement of the ingest alone: events a second. */
async function bareStatement({ databases }: BenchSite, { promptIds }: Backlog): Promise<number> {
  const pool = new Pool({ connectionString: databases.analytics, max: 1 })
  try {
    const sql = createSql(pool)
    const like = (nth: number) =>
      PromptLiked.fromPartial({
        metadata: { aggregateId: promptIds[nth % promptIds.length]!, aggregateRevision: 2n, occurredAt: new Date() },
        actor: { userId: v7(), username: 'bench' },
        prompt: { ownerId: v7(), visible: true, title: 'What a benchmark likes', category: 'software' },
      })
    const batches = Array.from({ length: BARE / BATCH }, (_, batch) =>
      Array.from({ length: BATCH }, (__, nth) => likeRow(like(batch * BATCH + nth))),
    )
    const begun = performance.now()
    for (const batch of batches) await sql(insertPromptEvents, promptEventColumns(batch))
    return (BARE / (performance.now() - begun)) * 1000
  } finally {
    await pool.end()
  }
}

/** As the ingest makes it, but of a new event. */
function likeRow({ metadata, actor, prompt }: PromptLiked): PromptEventRow {
  const { ownerId, visible, title, category } = prompt!
  return {
    id: v7(),
    time: metadata!.occurredAt!,
    type: EVENTS.promptLiked.name,
    promptId: metadata!.aggregateId,
    title,
    userId: actor!.userId,
    username: actor!.username,
    category,
    viewerHash: null,
    properties: JSON.stringify({ ownerId, visible, revision: Number(metadata!.aggregateRevision) }),
    once: null,
    facts: {
      ownerId,
      visible,
      deleted: false,
      revision: metadata!.aggregateRevision,
      resynced: false,
      title,
      category,
    },
  }
}
