import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { v7 } from 'uuid'
import { createSql } from '#chassis/db/statements.ts'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { EVENTS } from '#contracts/events.ts'
import { loadContract } from '#contracts/contract.ts'
import { CreatePromptRequest, PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { insertPromptEvents, promptEventColumns } from '../../services/analytics/db/insert-prompt-events.ts'
import type { PromptEventRow } from '../../services/analytics/events/rows.ts'
import { MESH } from '../../services/dev-env/infra/authority.ts'
import { onDatabase } from '../processes/on-database.ts'
import { waitingRows } from '../processes/outbox.ts'
import { residentMiB } from '../processes/usage.ts'
import type { BenchSite } from './site.ts'

/** What the spine's table shows of one thing. */
export type SpineResult = {
  what: string
  /** With its unit. */
  measured: string
  bare?: string
  ratio?: number
  /** MiB that the process had resident at the most. */
  memoryMiB?: number
}

/** Events that the bare statement stores, in batches as large as the consumer's. */
const BARE = 200_000
const BATCH = 1000

/** Prompts that the events are about. */
const PROMPTS = 10_000

/** Events whose way is measured when nothing else happens. */
const SAMPLES = 300

/** Measures the way of events: `rows` wait in the outbox, then in the stream; then one at a time. Tells of each when it is measured. */
export async function measureSpine(
  site: BenchSite,
  rows: number,
  say: (line: string) => void,
  measured: (result: SpineResult) => void,
): Promise<void> {
  const { spine, databases } = site
  await spine.halt()
  await fillOutbox(databases.prompt, rows)
  say(`${rows} events wait in the outbox`)
  measured(await measureRelay(site, rows))
  // The server would do it in the middle of what is measured next.
  await onDatabase(databases.prompt, 'vacuum outbox')
  const before = await bareIngest(databases.analytics)
  const { rate, memoryMiB } = await measureIngest(site)
  const bare = (before + (await bareIngest(databases.analytics))) / 2
  measured({
    what: 'ingest, from stream to row and rollups',
    measured: `${rate.toFixed(0)} events/s`,
    bare: `${bare.toFixed(0)} events/s`,
    ratio: rate / bare,
    memoryMiB,
  })
  await spine.run()
  await spine.halt()
  await spine.run()
  measured(await measureLatency(site))
}

async function fillOutbox(url: string, rows: number) {
  const payload = {
    metadata: { aggregateRevision: 2 },
    actor: { userId: randomUUID(), username: 'bench' },
    prompt: { ownerId: randomUUID(), visible: true, title: 'What a benchmark writes', category: 'software' },
    version: 2,
  }
  const portion = 100_000
  for (let at = 0; at < rows; at += portion) {
    await onDatabase(
      url,
      `insert into outbox (id, subject, payload, headers, occurred_at)
      select uuidv7(), $2, jsonb_set($3::jsonb, '{metadata,aggregateId}', to_jsonb(ids.id[1 + n % cardinality(ids.id)])),
        '{"Pf-Request-Id": "bench"}', now()
      from generate_series(1, $1) n
      cross join (select array_agg(md5(k::text)::uuid) as id from generate_series(1, ${PROMPTS}) k) ids`,
      Math.min(portion, rows - at),
      EVENTS.promptUpdated.subject,
      payload,
    )
  }
  await onDatabase(url, 'vacuum analyze outbox')
}

async function measureRelay({ spine, databases, sides, manager }: BenchSite, rows: number): Promise<SpineResult> {
  const stored = async () => (await manager.streams.info('PF_PROMPT')).state.last_seq
  const first = await stored()
  await spine.relay()
  const { pid } = sides.real.prompt
  const memory = watchMemory(pid)
  while ((await stored()) === first) await sleep(10)
  const begun = performance.now()
  const head = (await stored()) - first
  while ((await stored()) < first + rows) await sleep(50)
  while ((await waitingRows(databases.prompt)) > 0) await sleep(20)
  const rate = ((rows - head) / (performance.now() - begun)) * 1000
  return { what: 'relay, from outbox to marked', measured: `${rate.toFixed(0)} rows/s`, memoryMiB: memory.stop() }
}

async function measureIngest({ spine, analyticsPid, manager }: BenchSite) {
  const waiting = async () => {
    const { num_pending: unread, num_ack_pending: unacknowledged } = await manager.consumers.info(
      'PF_PROMPT',
      'analytics',
    )
    return unread + unacknowledged
  }
  const rows = await waiting()
  await spine.run()
  const memory = watchMemory(analyticsPid)
  while ((await waiting()) > rows * 0.95) await sleep(10)
  const begun = performance.now()
  const head = rows - (await waiting())
  while ((await waiting()) > 0) await sleep(20)
  return { rate: ((rows - head) / (performance.now() - begun)) * 1000, memoryMiB: memory.stop() }
}

/** The statement of the ingest alone: events a second. */
async function bareIngest(url: string): Promise<number> {
  const pool = new Pool({ connectionString: url, max: 1 })
  try {
    const sql = createSql(pool)
    const batches = Array.from({ length: BARE / BATCH }, () => Array.from({ length: BATCH }, bareRow))
    const begun = performance.now()
    for (const batch of batches) await sql(insertPromptEvents, promptEventColumns(batch))
    return (BARE / (performance.now() - begun)) * 1000
  } finally {
    await pool.end()
  }
}

const [owner, user] = [randomUUID(), randomUUID()]
const prompts = Array.from({ length: PROMPTS }, () => randomUUID())
let nth = 0

const bareRow = (): PromptEventRow => ({
  id: v7(),
  time: new Date(),
  type: EVENTS.promptUpdated.name,
  promptId: prompts[nth++ % PROMPTS]!,
  title: 'What a benchmark writes',
  userId: user,
  username: 'bench',
  category: 'software',
  viewerHash: null,
  properties: JSON.stringify({ version: 2, revision: 2, ownerId: owner, visible: true }),
  once: null,
  facts: {
    ownerId: owner,
    visible: true,
    deleted: false,
    revision: 2n,
    resynced: false,
    title: 'What a benchmark writes',
    category: 'software',
  },
})

async function measureLatency({ databases, sides, certificates, data }: BenchSite): Promise<SpineResult> {
  const target = `dns:///localhost:${sides.real.prompt.port}`
  const mesh = openMesh({ certificates, ...MESH })
  const channel = openChannel({ contract: loadContract(), mesh, service: 'prompt', target })
  const pool = new Pool({ connectionString: databases.analytics, max: 1 })
  try {
    const { token } = (await data()).callers[0]!
    const stub = createStub(channel, PromptServiceService)
    const request = CreatePromptRequest.fromPartial({ title: 'One at a time', content: 'Just this.' })
    const times: number[] = []
    for (let sample = 0; sample < SAMPLES; sample++) {
      const { prompt } = await stub.createPrompt(request, { token })
      const begun = performance.now()
      const query = {
        name: 'arrived',
        text: 'select from prompt_activity_events where prompt_id = $1',
        values: [prompt!.id],
      }
      while ((await pool.query(query)).rowCount === 0) await sleep(1)
      times.push(performance.now() - begun)
      await sleep(Math.random() * 50)
    }
    times.sort((a, b) => a - b)
    const at = (share: number) => `${times[Math.floor(times.length * share)]!.toFixed(0)} ms`
    return { what: 'one event at rest, from answer to row', measured: `p50 ${at(0.5)}, p99 ${at(0.99)}` }
  } finally {
    channel.close()
    await pool.end()
  }
}

function watchMemory(pid: number) {
  let most = residentMiB(pid)
  const timer = setInterval(() => {
    most = Math.max(most, residentMiB(pid))
  }, 100)
  return {
    stop: () => {
      clearInterval(timer)
      return Math.round(most)
    },
  }
}
