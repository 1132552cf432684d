import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'pg'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { EVENTS } from '#contracts/events.ts'
import { loadContract } from '#contracts/contract.ts'
import { CreatePromptRequest, PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { MESH } from '../../services/dev-env/infra/authority.ts'
import { onDatabase } from '../processes/on-database.ts'
import { waitingRows } from '../processes/outbox.ts'
import { watchMemory } from '../processes/usage.ts'
import { measureCatchUp, percentiles } from './catch-up.ts'
import type { BenchSite } from './site.ts'
import type { SpineResult } from './table.ts'

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
  const { last_seq: last } = (await site.manager.streams.info('PF_PROMPT')).state
  const ownerId = (await site.data()).callers[0]!.id
  const promptIds = await fillOutbox(databases.prompt, rows, ownerId)
  say(`${rows} events wait in the outbox`)
  measured(await measureRelay(site, rows))
  // The server would do it in the middle of what is measured next.
  await onDatabase(databases.prompt, 'vacuum outbox')
  for (const result of await measureCatchUp(site, { first: last + 1, promptIds })) measured(result)
  await spine.run()
  await spine.halt()
  await spine.run()
  measured(await measureLatency(site))
}

/** Puts likes of prompts of one owner into an outbox; answers with the ids of the prompts. */
async function fillOutbox(url: string, rows: number, ownerId: string): Promise<string[]> {
  const promptIds = Array.from({ length: PROMPTS }, () => randomUUID())
  const payload = {
    metadata: { aggregateRevision: 2 },
    actor: { username: 'bench' },
    prompt: { ownerId, visible: true, title: 'What a benchmark likes', category: 'software' },
  }
  const portion = 100_000
  for (let at = 0; at < rows; at += portion) {
    await onDatabase(
      url,
      `insert into outbox (id, subject, payload, headers, occurred_at)
      select uuidv7(), $2,
        jsonb_set(jsonb_set($3::jsonb, '{metadata,aggregateId}', to_jsonb(($4::uuid[])[1 + n % $5])), '{actor,userId}', to_jsonb(uuidv7())),
        '{"Pf-Request-Id": "bench"}', now()
      from generate_series(1, $1) n`,
      Math.min(portion, rows - at),
      EVENTS.promptLiked.subject,
      payload,
      promptIds,
      PROMPTS,
    )
  }
  await onDatabase(url, 'vacuum analyze outbox')
  return promptIds
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
    return { what: 'one event at rest, from answer to row', measured: percentiles(times) }
  } finally {
    channel.close()
    await pool.end()
  }
}
