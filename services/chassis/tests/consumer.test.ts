import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { connect, headers, nanos } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { jetstream } from '@nats-io/jetstream'
import { v7 } from 'uuid'
import { consumedBy, EVENTS } from '#contracts/events.ts'
import { PromptContentChanged, PromptDeleted } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { unavailable } from '../errors.ts'
import type { Received } from '../events/envelope.ts'
import { batchSubscription, type Subscription } from '../events/subscription.ts'
import { readMetric } from '../testing/metric.ts'
import { startTestService, testMesh, type TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { eventService } from './event-harness.ts'

let broker: TestBroker
let service: TestService<{ received: Received[] }> | undefined

beforeAll(async () => {
  broker = await startTestBroker()
})
afterAll(() => broker.stop())
afterEach(async () => {
  releaseHeld()
  await service?.stop()
  service = undefined
  for (const stream of ['PF_PROMPT', 'PF_PROMPT_CONTENT', 'PF_DEAD_LETTER']) await broker.manager.streams.purge(stream)
})

const PROMPT = 'PF_PROMPT'

/** Starts a consumer of a stream, with this handler; answers with what it has handled. */
async function consume(
  handle: Subscription['handle'],
  {
    stream = PROMPT,
    name = 'analytics',
    env = {},
  }: { stream?: Subscription['stream']; name?: string; env?: Record<string, string> } = {},
) {
  const definition = eventService(name, () => [
    batchSubscription(stream, { batch: 100 }, consumedBy(name, stream), handle),
  ])
  service = await startTestService(definition, { env: { PF_NATS_URL: broker.url, ...env } })
}

let releaseHeld = () => {}

/**
 * The same with a handler that waits until `release`, or the end of the test; tells how large the batches are that it was given, and how
 * many events they have.
 */
async function consumeHeld() {
  const sizes: number[] = []
  const { promise: open, resolve: release } = Promise.withResolvers<void>()
  releaseHeld = release
  await consume(async (batch) => {
    sizes.push(batch.length)
    await open
    return []
  })
  return { sizes, release, inHand: () => sizes.reduce((sum, size) => sum + size, 0) }
}

/** Publishes as the relay does; answers with the ids. */
async function publish(count: number, data?: Uint8Array, id?: string): Promise<string[]> {
  const js = jetstream(broker.connection)
  const ids = Array.from({ length: count }, () => id ?? v7())
  for (const msgID of ids) await js.publish(EVENTS.promptDeleted.subject, data ?? deleted(), { msgID })
  return ids
}

const deleted = () =>
  PromptDeleted.encode(PromptDeleted.fromPartial({ metadata: { aggregateId: randomUUID() } })).finish()

const allHandled = (stream = PROMPT, name = 'analytics') =>
  until('everything to be handled', async () => {
    const { num_pending, num_ack_pending } = await broker.manager.consumers.info(stream, name)
    return num_pending + num_ack_pending === 0
  })

/** Has the broker deliver again what was not acknowledged for this many milliseconds, until the test ends. */
async function redeliverAfter(milliseconds: number): Promise<AsyncDisposableStack> {
  const setAckWait = (ack_wait: number) => broker.manager.consumers.update(PROMPT, 'analytics', { ack_wait })
  const { config } = await broker.manager.consumers.info(PROMPT, 'analytics')
  await setAckWait(nanos(milliseconds))
  const atEnd = new AsyncDisposableStack()
  atEnd.defer(async () => void (await setAckWait(config.ack_wait!)))
  return atEnd
}

/** Keeps the process from doing anything else for so long, and then lets the timers run that are due. */
async function block(milliseconds: number) {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
  await new Promise((resolve) => setTimeout(resolve, 1))
}

const deadLetters = () => broker.messages('PF_DEAD_LETTER')

describe('events', () => {
  test('are handled in their order, each once, with their ids and what they say', async () => {
    const handled: Received[] = []
    await consume(async (batch) => {
      handled.push(...batch)
      return []
    })
    const ids = await publish(250)
    await allHandled()
    expect(handled.map(({ id }) => id)).toEqual(ids)
    expect(handled[0]!.event.name).toBe('prompt.deleted')
    expect((handled[0]!.payload as PromptDeleted).metadata!.aggregateId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('that come while others are handled are handled together, and never more than a batch', async () => {
    const { sizes, inHand, release } = await consumeHeld()
    await publish(400)
    await until('a batch to wait behind the two that are handled', async () => {
      const { num_ack_pending: delivered } = await broker.manager.consumers.info(PROMPT, 'analytics')
      return sizes.length === 2 && delivered >= inHand() + 100
    })
    release()
    await allHandled()
    expect(inHand()).toBe(400)
    expect(Math.max(...sizes)).toBe(100)
  })

  test('that wait in great number leave calls their turn between two batches', async () => {
    let turns = 0
    const count = () => {
      turns += 1
      counting = setImmediate(count)
    }
    let counting = setImmediate(count)
    const begun: number[] = []
    const { promise: open, resolve: release } = Promise.withResolvers<void>()
    let inHand = 0
    await consume(async (batch) => {
      begun.push(turns)
      inHand += batch.length
      await open
      return []
    })
    await publish(400)
    await until('a batch to wait behind the two that are handled', async () => {
      const { num_ack_pending: delivered } = await broker.manager.consumers.info(PROMPT, 'analytics')
      return begun.length === 2 && delivered >= inHand + 100
    })
    const released = turns
    release()
    await until('the next batch to be handled', () => begun.length > 2)
    clearImmediate(counting)
    // One before the first batch is acknowledged, one before the next is read, one before it is handled.
    expect(begun[2]! - released).toBeGreaterThanOrEqual(3)
    await allHandled()
  })

  test('that are large are handled few at a time, however many wait', async () => {
    const { sizes, inHand, release } = await consumeHeld()
    const large = PromptDeleted.fromPartial({ metadata: { aggregateId: 'x'.repeat(100_000) } })
    // As many as may wait, or the consumer would not ask for the rest before it has handled some.
    await publish(80, PromptDeleted.encode(large).finish())
    await until('all to be delivered', async () => {
      const { num_pending } = await broker.manager.consumers.info(PROMPT, 'analytics')
      return num_pending === 0
    })
    release()
    await allHandled()
    expect(inHand()).toBe(80)
    // Ten fill a batch; how full one becomes depends on how fast they come.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10)
  })

  test('wait while what they need does not answer: none goes to the dead letters, and all arrive', async () => {
    const handled = new Set<string>()
    let isDown = true
    let tries = 0
    await consume(async (batch) => {
      tries += 1
      if (isDown) throw unavailable('the database', new Error('down'))
      for (const { id } of batch) handled.add(id)
      return []
    })
    const ids = await publish(30)
    await until('some tries', () => tries >= 4)
    expect(handled.size).toBe(0)
    isDown = false
    await allHandled()
    expect([...handled].toSorted()).toEqual(ids)
    expect(await deadLetters()).toEqual([])
  })

  test('wait for longer than they have to be acknowledged, and do not come again meanwhile', async () => {
    await using _ = await redeliverAfter(1500)
    const handled: string[] = []
    let isDown = true
    let tries = 0
    await consume(async (batch) => {
      tries += 1
      if (isDown) throw unavailable('the database', new Error('down'))
      handled.push(...batch.map(({ id }) => id))
      return []
    })
    const ids = await publish(20)
    // Each half a second apart: together longer than a message has.
    await until('many tries', () => tries >= 7)
    isDown = false
    await allHandled()
    expect(handled.toSorted()).toEqual(ids)
    expect(await deadLetters()).toEqual([])
  })

  test('go on after the broker was killed and came back', async () => {
    // An acknowledgement can be lost with the broker: what it was for is then delivered once more.
    await using _ = await redeliverAfter(1000)
    const handled = new Set<string>()
    await consume(async (batch) => {
      for (const { id } of batch) handled.add(id)
      return []
    })
    const before = await publish(50)
    await broker.restart('kill')
    const after = await until('the broker to take events again', () => publish(50))
    await allHandled()
    for (const id of [...before, ...after]) expect(handled.has(id)).toBe(true)
  })

  test('that come after the server was silent, while the process is too busy to read them, are handled all the same', async () => {
    const handled: string[] = []
    await consume(async (batch) => {
      handled.push(...batch.map(({ id }) => id))
      return []
    })
    const requests = broker.connection.subscribe(`$JS.API.CONSUMER.MSG.NEXT.${PROMPT}.analytics`)
    for await (const _ of requests) break
    // A request has begun, of a second. The client looks for signs of life twice in that time, before it reads what has come.
    broker.signal('SIGSTOP')
    await block(600)
    const publishing = publish(1)
    await new Promise(setImmediate)
    broker.signal('SIGCONT')
    await block(600)
    const [id] = await publishing
    // Half as long as until JetStream delivers again what was not acknowledged.
    await until('it to be handled', () => handled.includes(id!), 15_000)
  })

  test('that were in hand when a service ended are handled by the next', async () => {
    const { promise: inHand, resolve: arrived } = Promise.withResolvers<void>()
    const { promise: open, resolve: release } = Promise.withResolvers<void>()
    let first = 0
    await consume(async (batch) => {
      first += batch.length
      arrived()
      await open
      return []
    })
    const ids = await publish(150)
    await inHand
    const ending = service!.service.destroy()
    release()
    await ending
    const handled = new Set<string>()
    await service!.stop()
    await consume(async (batch) => {
      for (const { id } of batch) handled.add(id)
      return []
    })
    await allHandled()
    expect(handled.size).toBe(ids.length - first)
  })
})

describe('an event that cannot be handled', () => {
  // Each of these tests provokes an error.
  const consumeSilently: typeof consume = (handle, options) =>
    consume(handle, { ...options, env: { PF_LOG_LEVEL: 'silent' } })

  test('goes to the dead letters with the reason, and those behind it flow on', async () => {
    const handled: string[] = []
    await consumeSilently(async (batch) => {
      handled.push(...batch.map(({ id }) => id))
      return []
    })
    const before = await publish(3)
    const [poison] = await publish(1, Buffer.from([0x0a, 0xff, 0xff]))
    const after = await publish(3)
    await allHandled()
    expect(handled.toSorted()).toEqual([...before, ...after])
    const [letter, ...others] = await deadLetters()
    expect(others).toEqual([])
    expect(letter!.subject).toBe('pf.dlq.analytics.pf.prompt.prompt.deleted.v1')
    expect(letter!.header.get('Pf-Event-Id')).toBe(poison)
    expect(letter!.header.get('Pf-Reason')).toBe('its bytes are not a message of its subject')
    expect(letter!.data).toEqual(new Uint8Array([0x0a, 0xff, 0xff]))
    expect(await metric('consumer_dead_letters_total')).toBe(1)
  })

  test('goes there when the handler refuses it', async () => {
    await consumeSilently(async (batch) =>
      batch.slice(0, 1).map((received) => ({ received, reason: 'it is one too many' })),
    )
    const [refused] = await publish(1)
    await allHandled()
    const [letter] = await deadLetters()
    expect(letter!.header.get('Pf-Event-Id')).toBe(refused)
    expect(letter!.header.get('Pf-Reason')).toBe('it is one too many')
  })

  test('goes there after six deliveries when it breaks the handler, alone of its batch', async () => {
    const handled = new Set<string>()
    let broken = ''
    await consumeSilently(async (batch) => {
      if (batch.some(({ id }) => id === broken)) throw new Error('a fault of ours')
      for (const { id } of batch) handled.add(id)
      return []
    })
    const before = await publish(5)
    broken = v7()
    await publish(1, undefined, broken)
    const after = await publish(5)
    await until('the others to be handled', () => handled.size === 10)
    expect([...handled].toSorted()).toEqual([...before, ...after])
    await until('the dead letter', async () => (await deadLetters()).length === 1)
    const [letter] = await deadLetters()
    expect(letter!.header.get('Pf-Event-Id')).toBe(broken)
  })

  test('leaves only its ids there when it has a prompt’s content', async () => {
    await consumeSilently(async (batch) => batch.map((received) => ({ received, reason: 'no' })), {
      stream: 'PF_PROMPT_CONTENT',
      name: 'version',
    })
    const content = PromptContentChanged.fromPartial({ content: 'a secret recipe', version: 1 })
    const letterHeaders = headers()
    const data = PromptContentChanged.encode(content).finish()
    const msgID = v7()
    await jetstream(broker.connection).publish(EVENTS.promptContentChanged.subject, data, {
      msgID,
      headers: letterHeaders,
    })
    await allHandled('PF_PROMPT_CONTENT', 'version')
    const [letter] = await deadLetters()
    expect(letter!.header.get('Pf-Event-Id')).toBe(msgID)
    expect(letter!.data).toHaveLength(0)
  })

  test('is one without an id, or with a subject that the catalogue does not have', async () => {
    await consumeSilently(() => Promise.resolve([]))
    await jetstream(broker.connection).publish(EVENTS.promptDeleted.subject, deleted())
    await allHandled()
    const [letter] = await deadLetters()
    expect(letter!.header.get('Pf-Reason')).toBe('the header Nats-Msg-Id is missing')
  })
})

test('an acknowledgement that another service has sent into this stream is put aside and counted, and the rest flows on', async () => {
  const handled: string[] = []
  const take: Subscription['handle'] = async (batch) => {
    handled.push(...batch.map(({ id }) => id))
    return []
  }
  await consume(take, { env: { PF_LOG_LEVEL: 'silent' } })
  // JetStream answers whoever publishes, at the subject that they name: here one that `user` must not publish to.
  const { certificates } = testMesh('user')
  const [caFile, certFile, keyFile] = ['ca.pem', 'cert.pem', 'key.pem'].map((file) => join(certificates, file))
  const user = await connect({ servers: broker.url, tls: { caFile, certFile, keyFile } })
  const withId = headers()
  withId.set('Nats-Msg-Id', v7())
  user.publish(EVENTS.userRenamed.subject, deleted(), { reply: EVENTS.promptDeleted.subject, headers: withId })
  await user.flush()
  await user.close()
  await until('it to be in the stream', async () => (await broker.messages(PROMPT)).length === 1)
  const ids = await publish(3)
  await allHandled()
  expect(handled.toSorted()).toEqual(ids)
  const [letter, ...others] = await deadLetters()
  expect(others).toEqual([])
  expect(letter!.header.get('Pf-Reason')).toBe('the header Nats-Msg-Id is missing')
  expect(JSON.parse(Buffer.from(letter!.data).toString())).toMatchObject({ stream: 'PF_USER' })
  expect(await metric('consumer_dead_letters_total')).toBe(1)
})

test('how much waits, and how near the stream is to losing it, can be seen', async () => {
  const { promise: open, resolve: release } = Promise.withResolvers<void>()
  await consume(async () => {
    await open
    return []
  })
  await publish(40)
  await until('the metric', async () => (await metric('consumer_waiting')) === 40)
  expect(await metric('consumer_unread_share')).toBeGreaterThan(0)
  release()
  await until('nothing to wait', async () => (await metric('consumer_waiting')) === 0)
})

const metric = (name: string) => readMetric(service!.metricsUrl, name)
