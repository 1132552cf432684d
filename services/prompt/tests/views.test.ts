import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Registry } from 'prom-client'
import { v7 } from 'uuid'
import { openBroker } from '#chassis/events/broker.ts'
import { createPublish, type Publish } from '#chassis/events/publisher.ts'
import { createLogger } from '#chassis/logger.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { testMesh } from '#chassis/testing/service.ts'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import { EVENTS } from '#contracts/events.ts'
import { Prompt_Status } from '#contracts/gen/promptforge/prompt/v1/prompt.ts'
import { type PromptView, PromptViewsRecorded } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { createViews, type Views } from '../views.ts'
import { type Person, type PromptTest, startPromptService, TEST_ENV } from './harness.ts'

let broker: TestBroker
let service: PromptTest
let ann: Person

beforeAll(async () => {
  broker = await startTestBroker()
  service = await start()
  ann = await service.person('ann')
})
afterAll(async () => {
  await service.stop()
  await broker.stop()
})
afterEach(() => broker.manager.streams.purge('PF_PROMPT'))

const start = () => startPromptService({ env: { PF_NATS_URL: broker.url } })
const read = (promptId: string, as: Person['as'] = {}) => service.prompts.getPrompt({ promptId }, as)
const numbers = (length: number) => Array.from({ length }, (_, index) => index)

/** What the stream has of views, by message. */
async function messages(): Promise<PromptView[][]> {
  const all = await broker.messages('PF_PROMPT')
  const recorded = all.filter(({ subject }) => subject === EVENTS.promptViewsRecorded.subject)
  return recorded.map(({ data }) => PromptViewsRecorded.decode(data).views)
}

const arrived = (count: number) =>
  until(`${count} views`, async () => {
    const views = (await messages()).flat()
    return views.length >= count && views
  })

const metric = (name: string, { metricsUrl }: Pick<PromptTest, 'metricsUrl'> = service) => readMetric(metricsUrl, name)

/** Reads without a token through the gateway, which says where the reader is. */
function readFrom(address: string, promptId: string) {
  const metadata = new Metadata()
  metadata.set('x-envoy-external-address', address)
  return service.stub(PromptServiceService, 'gateway').getPrompt({ promptId }, { metadata })
}

describe('a view', () => {
  test('is published within a moment: what was read, by whom, when', async () => {
    const { id } = await service.create(ann, { title: 'Shown', category: 'legal' })
    const bob = await service.person('bob')
    const before = Date.now()
    await read(id, bob.as)
    const [view] = await arrived(1)
    expect(view).toEqual({
      eventId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      promptId: id,
      prompt: { ownerId: ann.userId, visible: true, title: 'Shown', category: 'legal' },
      viewer: { userId: bob.userId, username: 'bob' },
      viewerHash: '',
      occurredAt: expect.any(Date),
    })
    expect(view!.occurredAt!.getTime()).toBeGreaterThanOrEqual(before)
    expect(view!.occurredAt!.getTime()).toBeLessThanOrEqual(Date.now())
  })

  test('without a token has a hash that stands for the address, the same on every replica with the secret', async () => {
    const { id } = await service.create(ann)
    for (const address of ['192.0.2.7', '192.0.2.8', '192.0.2.7']) await readFrom(address, id)
    const views = await arrived(3)
    expect(views.map(({ viewer }) => viewer)).toEqual([undefined, undefined, undefined])
    const [one, other, again] = views.map(({ viewerHash }) => viewerHash)
    // printf 192.0.2.7 | openssl dgst -sha256 -hmac 'a secret for readers’ addresses in tests'
    expect(one).toBe(HASH)
    expect(again).toBe(one)
    expect(other).toMatch(/^[0-9a-f]{32}$/)
    expect(other).not.toBe(one)
  })

  test.each([
    ['a draft', { status: Prompt_Status.DRAFT }],
    ['a private prompt', { isPublic: false }],
  ])('of %s by its owner counts, and tells nothing of it', async (_, fields) => {
    const { id } = await service.create(ann, { title: 'Hidden', category: 'legal', ...fields })
    await read(id, ann.as)
    const [view] = await arrived(1)
    expect(view).toMatchObject({
      promptId: id,
      prompt: { ownerId: ann.userId, visible: false, title: '', category: '' },
      viewer: { userId: ann.userId },
    })
  })

  test('is no reading that was refused, and no other RPC', async () => {
    const hidden = await service.create(ann, { isPublic: false })
    const shown = await service.create(ann)
    expect(await rejection(read(hidden.id))).toMatchObject({ code: status.NOT_FOUND })
    await service.prompts.batchGetPrompts({ promptIds: [shown.id] })
    await service.internal.checkAccess({ promptId: shown.id })
    await read(shown.id)
    expect((await arrived(1)).map(({ promptId }) => promptId)).toEqual([shown.id])
  })
})

test('many views are few messages, of 256 at the most, each view with an id of its own', async () => {
  const before = await metric('prompt_views_recorded_total')
  for (const _ of numbers(700)) service.service.context.views.record(rowOf(v7()), anonymous)
  const views = await arrived(700)
  expect((await messages()).map(({ length }) => length)).toEqual([256, 256, 188])
  expect(new Set(views.map(({ eventId }) => eventId)).size).toBe(700)
  expect(await metric('prompt_views_recorded_total')).toBe(before + 700)
})

describe('at the end of a service', () => {
  test('what waits is published at once', async () => {
    await using views = openViews(broker.url)
    for (const _ of numbers(300)) views.record(rowOf(v7()), anonymous)
    await views.close()
    expect((await messages()).flat()).toHaveLength(300)
    expect(await views.lost()).toBe(0)
  })

  test('nothing waits for a NATS that is away: what is left is lost and counted', async () => {
    await using views = openViews('nats://127.0.0.1:1')
    for (const _ of numbers(1000)) views.record(rowOf(v7()), anonymous)
    await views.close()
    expect(await views.lost()).toBe(1000)
  })

  test('its views are closed', async () => {
    const calls: string[] = []
    const views: Views = { record: () => calls.push('record'), close: async () => void calls.push('close') }
    const ending = await startPromptService({ overrides: { context: { views } } })
    const { id } = await ending.create(await ending.person('zoe'))
    await ending.prompts.getPrompt({ promptId: id })
    await ending.stop()
    expect(calls).toEqual(['record', 'close'])
  })
})

test('while NATS is killed and comes back reads go on, and each view arrives once', async () => {
  const { id } = await service.create(ann)
  const lost = await metric('prompt_views_lost_total')
  let isBack = false
  const restarted = broker.restart('kill').then(() => (isBack = true))
  let reads = 0
  while (!isBack) {
    await read(id)
    reads++
  }
  await restarted
  const views = await arrived(reads)
  expect(new Set(views.map(({ eventId }) => eventId)).size).toBe(reads)
  expect(views).toHaveLength(reads)
  expect(await metric('prompt_views_lost_total')).toBe(lost)
})

test('without NATS 10,000 views wait, the next ones are lost and counted, and reads answer', async () => {
  const alone = await startPromptService()
  const { id } = await alone.create(await alone.person('zoe'))
  const { views } = alone.service.context
  for (const _ of numbers(9_999)) views.record(rowOf(v7()), anonymous)
  for (const _ of numbers(5)) expect((await alone.prompts.getPrompt({ promptId: id })).prompt!.id).toBe(id)
  expect(await metric('prompt_views_lost_total', alone)).toBe(4)
  expect(await metric('prompt_views_recorded_total', alone)).toBe(0)
  await alone.stop()
})

/** Views of nobody's service, on a broker that is there or not. */
function openViews(url: string) {
  const log = createLogger('test', 'silent')
  const connection = openBroker({ service: 'prompt', url, certificates: testMesh('prompt').certificates }, log)
  const registry = new Registry()
  const publish: Publish = async (...event) => {
    if (url === broker.url) await until('the connection', () => connection.jetstream())
    await createPublish(connection)(...event)
  }
  const views = createViews({ publish, secret: TEST_ENV.PF_VIEWER_SECRET, registry, log })
  return {
    ...views,
    lost: async () => (await registry.getSingleMetric('prompt_views_lost_total')!.get()).values[0]!.value,
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

const HASH = '413a33515183d03024a82fa3391a7444'
const anonymous = { caller: undefined, origin: { address: '192.0.2.9' } } as Parameters<
  ReturnType<typeof createViews>['record']
>[1]
const rowOf = (id: string) => ({
  id,
  user_id: v7(),
  is_public: true,
  status: 'PUBLISHED' as const,
  deleted_at: null,
  title: 'T',
  category: null,
})
