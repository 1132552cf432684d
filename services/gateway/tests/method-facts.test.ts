import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Metadata } from '@grpc/grpc-js'
import type { Call } from '#chassis/grpc/call.ts'
import { createStub, openChannel } from '#chassis/grpc/client.ts'
import { serve } from '#chassis/grpc/server.ts'
import { openMesh } from '#chassis/grpc/tls.ts'
import { testContract } from '#chassis/testing/contract.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { startTestService, testMesh, type TestService } from '#chassis/testing/service.ts'
import { until } from '#chassis/testing/until.ts'
import {
  FeedServiceService as Feeds,
  ReceiveWebhookRequest,
} from '#contracts/gen/promptforge/testing/v1/feed_service.ts'
import { bareService } from '../../chassis/tests/harness.ts'
import { failureOf } from './failure.ts'
import { classLimits, startFeedGateway, type TestGateway } from './harness.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** What arrived at the handler of ReceiveWebhook or Upload. */
type Arrived = { contentType: string; data: Buffer; headers: Call['headers']; seconds: number }

let arrived: Arrived[] = []
let service: TestService<object>
let gateway: TestGateway

/** A real service of the chassis behind a real Envoy, with the RPCs of `chassis/testing/proto`. */
beforeAll(async () => {
  const note = ({ raw }: ReceiveWebhookRequest, call: Call) => {
    const { contentType, data } = raw!
    const seconds = (Number(call.origin.inherited.call.getDeadline()) - Date.now()) / 1000
    arrived.push({ contentType, data, headers: call.headers, seconds })
    return { bytes: data.length }
  }
  const feeds = serve(Feeds, {
    receiveWebhook: async (request, call) => note(request, call),
    upload: async (request, call) => note(request, call),
    watch: async function* () {},
    watchOwn: async function* () {},
  })
  service = await startTestService(bareService([feeds]), { overrides: { contract: testContract() } })
  gateway = await startFeedGateway([service.target])
})
afterAll(async () => {
  await gateway.stop()
  await service.stop()
})
beforeEach(() => {
  arrived = []
})

const WEBHOOK = 'POST /v1/feeds/f1/webhook'
const post = (request: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  gateway.rest(request, { body: body as string, headers })

const message = (data: Buffer) => ReceiveWebhookRequest.fromPartial({ feed: 'f1', raw: { data } })

const signed = (value: string) => {
  const metadata = new Metadata()
  metadata.set('feed-signature', value)
  metadata.set('other-header', 'unasked')
  return { metadata }
}

describe('a raw body reaches its handler unchanged', () => {
  const everyByte = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256))

  test.each([
    ['every byte there is', everyByte, 'application/octet-stream'],
    ['JSON with its spaces', Buffer.from('{ "b":1,\n  "a" : 1.0 }\n'), 'application/json'],
    ['a form', Buffer.from('a=1&b=%20'), 'application/x-www-form-urlencoded'],
  ])('%s', async (_, body, contentType) => {
    const answer = await post(WEBHOOK, body, { 'content-type': contentType })
    expect(answer).toMatchObject({ status: 200, json: { bytes: body.length } })
    expect(arrived).toMatchObject([{ contentType }])
    expect(arrived[0]!.data.equals(body)).toBe(true)
  })
})

describe('a handler reads the headers that its method asks for, and no others', () => {
  test('over REST, by whatever case they are sent', async () => {
    await post(WEBHOOK, '{}', { 'Feed-Signature': 't=1,v1=ab', 'other-header': 'unasked' })
    expect(arrived[0]!.headers).toEqual({ 'feed-signature': 't=1,v1=ab' })
  })

  test('over gRPC through the gateway, and at the service', async () => {
    const [far, near] = [gateway.stub(Feeds), service.stub(Feeds)]
    await far.receiveWebhook(message(Buffer.from('x')), signed('far'))
    await near.receiveWebhook(message(Buffer.from('x')), signed('near'))
    expect(arrived.map(({ headers }) => headers)).toEqual([{ 'feed-signature': 'far' }, { 'feed-signature': 'near' }])
  })

  test('one that was not sent is undefined, and a method that asks for none gets none', async () => {
    await post(WEBHOOK, '{}')
    await post('POST /v1/feeds/f1/files', '{}', { 'feed-signature': 'v1=ab' })
    expect(arrived.map(({ headers }) => headers['feed-signature'])).toEqual([undefined, undefined])
  })
})

describe('a request is as large as its method says', () => {
  const refused = (size: string) => ({ reason: 'REQUEST_TOO_LARGE', message: `the request is larger than ${size}` })

  test('over REST', async () => {
    expect(await post(WEBHOOK, Buffer.alloc(60 * KIB))).toMatchObject({ status: 200 })
    const answer = await post(WEBHOOK, Buffer.alloc(70 * KIB))
    expect(failureOf(answer)).toEqual({ status: 413, code: 3, reason: 'REQUEST_TOO_LARGE' })
    expect(answer.json.message).toBe(refused('64 KiB').message)
  })

  test('over gRPC through the gateway, and at the service', async () => {
    for (const stub of [gateway.stub(Feeds), service.stub(Feeds)]) {
      expect(await stub.receiveWebhook(message(Buffer.alloc(60 * KIB)))).toEqual({ bytes: 60 * KIB })
      const failure = await rejection(stub.receiveWebhook(message(Buffer.alloc(70 * KIB))))
      expect(failure).toMatchObject({ code: 3, ...refused('64 KiB') })
    }
  })

  test('also when it says more than is usual', async () => {
    expect(await post('POST /v1/feeds/f1/files', Buffer.alloc(5 * MIB))).toMatchObject({ json: { bytes: 5 * MIB } })
    expect(await service.stub(Feeds).upload(message(Buffer.alloc(5 * MIB)))).toEqual({ bytes: 5 * MIB })
    const answer = await post('POST /v1/feeds/f1/files', Buffer.alloc(7 * MIB))
    expect(answer).toMatchObject({ status: 413, json: { message: refused('6 MiB').message } })
  })

  test('and one that does not say it is as large as its fields need', async () => {
    const answer = await post('POST /v1/auth/login', JSON.stringify({ login: 'x'.repeat(5000) }))
    expect(answer).toMatchObject({ status: 413, json: { message: refused('4 KiB').message } })
  })
})

test('a method has the time that it says, through the gateway and between services', async () => {
  await using scope = new AsyncDisposableStack()
  const mesh = openMesh(testMesh('client'))
  const channel = openChannel({ contract: testContract(), mesh, service: 'prompt', target: service.target })
  scope.defer(async () => channel.close())
  const feeds = createStub(channel, Feeds)
  await post(WEBHOOK, '{}')
  await feeds.receiveWebhook(message(Buffer.from('x')))
  await feeds.upload(message(Buffer.from('x')))
  const [far, near, usual] = arrived.map(({ seconds }) => seconds)
  for (const seconds of [far, near]) {
    expect(seconds).toBeLessThanOrEqual(20)
    expect(seconds).toBeGreaterThan(16)
  }
  expect(usual).toBeLessThanOrEqual(5)
})

test('a method counts towards the limit of its rate class', async () => {
  const roomy = { perSecond: 1000, burst: 1000 }
  const limits = { address: roomy, user: roomy, classes: classLimits({ perSecond: 1, burst: 3 }) }
  await using scope = new AsyncDisposableStack()
  const tight = await startFeedGateway([service.target], { limits })
  scope.defer(tight.stop)
  const refusal = await until('a refusal', async () => {
    const answer = await tight.rest(WEBHOOK, { body: '{}' })
    return answer.status === 429 && answer
  })
  expect(failureOf(refusal)).toMatchObject({ reason: 'RATE_LIMITED' })
  expect(await tight.rest('POST /v1/auth/login', { body: '{}' })).toMatchObject({ status: 429 })
  expect(await tight.rest('POST /v1/feeds/f1/files', { body: '{}' })).toMatchObject({ status: 200 })
})
