import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node'
import { EVENTS } from '#contracts/events.ts'
import { openAuthority } from '../../dev-env/infra/authority.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { members } from '../permissions.ts'
import { certificatesOf, connectAs } from './harness.ts'

let broker: TestBroker
const connections: Record<string, NatsConnection> = {}

beforeAll(async () => {
  broker = await startTestBroker()
  for (const member of members()) connections[member] = await connectAs(member, broker.url)
})
afterAll(async () => {
  for (const connection of Object.values(connections)) await connection.close()
  await broker.stop()
})

const { userRenamed, promptCreated, promptContentChanged, versionCreated } = EVENTS

const publish = (member: string, subject: string) => jetstream(connections[member]!).publish(subject, 'x')
const refused = /Permissions Violation for Publish/

describe('publishing', () => {
  test.each([
    ['user', userRenamed.subject],
    ['prompt', promptCreated.subject],
    ['prompt', promptContentChanged.subject],
    ['version', versionCreated.subject],
    ['analytics', 'pf.dlq.analytics.1'],
  ])('%s may publish to %s', async (member, subject) => {
    const ack = await publish(member, subject)
    const stored = await broker.manager.streams.getMessage(ack.stream, { seq: ack.seq })
    expect(stored?.subject).toBe(subject)
  })

  test.each([
    ['user', promptCreated.subject],
    ['version', promptContentChanged.subject],
    ['prompt', versionCreated.subject],
    ['analytics', userRenamed.subject],
    ['analytics', 'pf.dlq.prompt.1'],
    ['user', 'pf.dlq.user.1'],
    ['prompt', '_INBOX.user.x'],
  ])('%s may not publish to %s', async (member, subject) => {
    await expect(publish(member, subject)).rejects.toThrow(refused)
  })

  test('a batch is stored as a whole', async () => {
    const before = await messagesOf('PF_PROMPT')
    const batch = await jetstream(connections['prompt']!).startBatch(promptCreated.subject, 'first')
    batch.add(promptCreated.subject, 'second')
    expect(await batch.commit(promptCreated.subject, 'third')).toMatchObject({ stream: 'PF_PROMPT', count: 3 })
    expect(await messagesOf('PF_PROMPT')).toBe(before + 3)
  })

  test('a batch on somebody else’s stream is not', async () => {
    await expect(jetstream(connections['user']!).startBatch(promptCreated.subject, 'first')).rejects.toThrow(refused)
  })
})

describe('consuming', () => {
  test('a service pulls from its own consumer what the catalogue gives it, and acknowledges it', async () => {
    const { seq } = await publish('user', userRenamed.subject)
    await publish('user', EVENTS.userSignedIn.subject)
    const consumer = await jetstream(connections['prompt']!).consumers.get('PF_USER', 'prompt')
    const received: string[] = []
    for await (const message of await consumer.fetch({ max_messages: 10, expires: 1000 })) {
      received.push(message.subject)
      if (await message.ackAck()) if (message.seq >= seq) break
    }
    expect(new Set(received)).toEqual(new Set([userRenamed.subject]))
    const { ack_floor, num_pending } = await broker.manager.consumers.info('PF_USER', 'prompt')
    expect({ acked: ack_floor.stream_seq >= seq, num_pending }).toEqual({ acked: true, num_pending: 0 })
  })

  test('a service sees how full the streams are that it consumes', async () => {
    const manager = await jetstreamManager(connections['version']!, { checkAPI: false })
    expect((await manager.streams.info('PF_PROMPT_CONTENT')).config.name).toBe('PF_PROMPT_CONTENT')
    await expect(manager.streams.info('PF_PROMPT')).rejects.toThrow(refused)
  })

  test.each([
    ['somebody else’s consumer on a stream of its own', 'prompt', '$JS.API.CONSUMER.MSG.NEXT.PF_USER.analytics'],
    ['a stream that it does not consume', 'user', '$JS.API.CONSUMER.MSG.NEXT.PF_PROMPT_CONTENT.version'],
    ['a message by its number', 'prompt', '$JS.API.STREAM.MSG.GET.PF_USER'],
    ['a message by its number, directly', 'prompt', '$JS.API.DIRECT.GET.PF_USER'],
    ['an acknowledgement for somebody else', 'prompt', '$JS.ACK.PF_USER.analytics.1.1.1.1.0'],
  ])('a service cannot get at %s', async (_, member, subject) => {
    await expect(connections[member]!.request(subject, '{"batch":1}')).rejects.toThrow(refused)
  })

  test.each(['pf.>', userRenamed.subject, '_INBOX.user.>', '$JS.>', '>'])(
    'nobody listens in on %s',
    async (subject) => {
      const listening = new Promise((resolve, reject) => {
        connections['prompt']!.subscribe(subject, { callback: (error) => (error ? reject(error) : resolve(undefined)) })
      })
      await expect(listening).rejects.toThrow(PermissionViolationError)
    },
  )
})

test.each([
  'STREAM.CREATE.PF_MINE',
  'STREAM.UPDATE.PF_PROMPT',
  'STREAM.PURGE.PF_PROMPT',
  'STREAM.DELETE.PF_PROMPT',
  'STREAM.MSG.DELETE.PF_PROMPT',
  'CONSUMER.CREATE.PF_PROMPT.mine',
  'CONSUMER.DELETE.PF_USER.prompt',
  'CONSUMER.PAUSE.PF_USER.prompt',
  'STREAM.NAMES',
])('a service may not %s', async (call) => {
  await expect(connections['prompt']!.request(`$JS.API.${call}`, '{}')).rejects.toThrow(refused)
})

describe('who is let in', () => {
  test('a certificate of another namespace is not', async () => {
    const mesh = { trustDomain: 'promptforge.local', namespace: 'elsewhere' }
    const authority = await openAuthority(process.env['PF_TEST_CERTIFICATES']!, mesh)
    await authority.issue('prompt', { folder: 'elsewhere' })
    await expect(connectAs('prompt', broker.url, 'elsewhere')).rejects.toMatchObject({ name: 'AuthorizationError' })
  })

  test.each(['gateway', 'client'])('a member that has nothing to do with events is not: %s', async (member) => {
    await expect(connectAs(member, broker.url)).rejects.toMatchObject({ name: 'AuthorizationError' })
  })

  test.each(['foreign', 'expired'] as const)('a certificate that is %s is not', async (fault) => {
    const mesh = { trustDomain: 'promptforge.local', namespace: 'promptforge' }
    const authority = await openAuthority(process.env['PF_TEST_CERTIFICATES']!, mesh)
    await authority.issue('prompt', { fault, folder: `broker-${fault}` })
    await expect(connectAs('prompt', broker.url, `broker-${fault}`)).rejects.toThrow()
  })

  test('who shows no certificate is not', async () => {
    const tls = { caFile: `${certificatesOf('prompt')}/ca.pem` }
    await expect(connect({ servers: broker.url, tls, timeout: 1000 })).rejects.toThrow()
    await expect(connect({ servers: broker.url, timeout: 1000 })).rejects.toThrow()
  })
})

async function messagesOf(stream: string) {
  return (await broker.manager.streams.info(stream)).state.messages
}
