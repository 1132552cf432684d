import { AckPolicy, type JetStreamManager, jetstreamManager, type JsMsg } from '@nats-io/jetstream'
import type { Pool } from 'pg'
import { Agent, request } from 'undici'
import { v7 } from 'uuid'
import { claimValues } from '#chassis/db/idempotency.ts'
import { JOBS } from '#contracts/events.ts'
import { connectDeploy } from '../../../services/broker/apply.ts'
import { type ClaimedRow, claimTests } from '../../../services/test/db/claim-test.ts'
import { finishTest } from '../../../services/test/db/finish-test.ts'
import { insertTest } from '../../../services/test/db/insert-test.ts'
import type { TestRow } from '../../../services/test/db/rows.ts'
import { loadModels, priceAt } from '../../../services/test/models.ts'
import { boundOf, costOf, dollarsOf } from '../../../services/test/money.ts'
import { query } from './serve.ts'

/** The lanes of the bare server, and of the loop alone: no worker of ours takes from them. */
export const BARE_LANE = 'bench-server'
export const LOOP_LANE = 'bench-loop'

/** Calls of the model at once: as many as a worker makes of a provider at the most. */
const CALLS = 32

const { subject, stream, message } = JOBS.testRun

/** What is run. */
export type BareTest = {
  promptId: string
  userId: string
  version: number
  text: string
  values: object
  maxTokens: number
}

/** Makes the consumer of a lane. */
export async function addBareLane(manager: JetStreamManager, lane: string): Promise<void> {
  await manager.consumers.add(stream, {
    durable_name: lane,
    filter_subject: `${subject}.${lane}`,
    ack_policy: AckPolicy.Explicit,
  })
}

/** The work of a test and nothing else: the test service's own statements, a publish and an ack of JetStream, and a call of the sandbox. */
export type TestLoop = AsyncDisposable & {
  /** Inserts a test, and publishes the hint. */
  ask(test: BareTest): Promise<TestRow>
}

/** Opens it on a lane that there is. `env` is that of the test service, with the folder of the deployer's certificates. */
export async function openTestLoop(pool: Pool, env: Record<string, string>, lane: string): Promise<TestLoop> {
  const connection = await connectDeploy({ url: env['PF_NATS_URL']!, certificates: env['PF_BENCH_DEPLOY']! })
  const jetstream = (await jetstreamManager(connection)).jetstream()
  const messages = await (await jetstream.consumers.get(stream, lane)).consume({ max_messages: CALLS })
  const agent = new Agent({ connections: CALLS })
  const model = loadModels(env['PF_TEST_PROVIDERS_FILE']!, '').find('sandbox', 'echo')!
  const price = priceAt(model, new Date())!

  const run = async (hint: JsMsg) => {
    const { testId } = message.decode(hint.data)
    const workerId = v7()
    const [claimed] = await query(pool, claimTests, { ids: [testId], workerIds: [workerId] })
    hint.ack()
    if (!claimed) return
    const begun = performance.now()
    const { text, usage, reason } = await call(agent, `${model.target.baseUrl}/chat/completions`, claimed)
    const cost = costOf(price, {
      input: usage.prompt_tokens,
      cacheRead: 0,
      cacheWrite: 0,
      output: usage.completion_tokens,
      reasoning: 0,
      raw: usage,
    })
    await query(pool, finishTest, {
      id: testId,
      workerId,
      status: 'COMPLETED',
      response: text,
      inputTokens: usage.prompt_tokens,
      cachedTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: usage.completion_tokens,
      reasoningTokens: 0,
      rawUsage: JSON.stringify(usage),
      usageSource: 'PROVIDER',
      costMicros: cost,
      dollars: dollarsOf(cost),
      firstTokenMs: null,
      responseTimeMs: Math.round(performance.now() - begun),
      finishReason: reason,
      errorCode: null,
      errorMessage: null,
      eventHeaders: '{}',
    })
  }
  const taking = (async () => {
    const running = new Set<Promise<void>>()
    for await (const hint of messages) {
      const done: Promise<void> = run(hint).finally(() => running.delete(done))
      running.add(done)
      if (running.size >= CALLS) await Promise.race(running)
    }
    await Promise.all(running)
  })()

  return {
    ask: async ({ promptId, userId, version, text, values, maxTokens }) => {
      const id = v7()
      const [row] = await query(pool, insertTest, {
        id,
        promptId,
        userId,
        promptContent: text,
        provider: model.provider,
        model: 'echo',
        temperature: null,
        maxTokens,
        version,
        contentHash: 'a'.repeat(64),
        variables: JSON.stringify(values),
        lane,
        priceId: price.id,
        reserved: boundOf(price, text, maxTokens),
        defaultLimit: 0n,
        retryOf: null,
        keyId: null,
        ...claimValues(undefined, id),
        eventHeaders: '{}',
      })
      await jetstream.publish(`${subject}.${lane}`, message.encode({ testId: id }).finish(), {
        msgID: id,
      })
      return row as TestRow
    },
    [Symbol.asyncDispose]: async () => {
      await messages.close()
      await taking
      await agent.close()
      await connection.close()
    },
  }
}

type Chunk = {
  choices: { delta: { content?: string }; finish_reason: string | null }[]
  usage?: { prompt_tokens: number; completion_tokens: number }
}

/** Streams an answer, as the worker does. */
async function call(agent: Agent, url: string, { prompt_content: content, max_tokens: maxTokens }: ClaimedRow) {
  const { body } = await request(url, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'echo',
      messages: [{ role: 'user', content }],
      max_tokens: maxTokens,
      stream: true,
      stream_options: { include_usage: true },
    }),
  })
  let text = ''
  let reason = ''
  let usage: Chunk['usage']
  let rest = ''
  body.setEncoding('utf8')
  for await (const piece of body as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n\n')
    rest = lines.pop()!
    for (const line of lines) {
      if (line === 'data: [DONE]') continue
      const { choices, usage: counted } = JSON.parse(line.slice('data: '.length)) as Chunk
      text += choices[0]?.delta.content ?? ''
      reason = choices[0]?.finish_reason ?? reason
      usage = counted ?? usage
    }
  }
  return { text, reason, usage: usage! }
}
