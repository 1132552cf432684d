import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { jetstream } from '@nats-io/jetstream'
import { headers } from '@nats-io/transport-node'
import { v7 } from 'uuid'
import { consumedBy, EVENTS, type EventDefinition } from '#contracts/events.ts'
import { PromptContentChanged, PromptDeleted } from '#contracts/gen/promptforge/prompt/v1/prompt_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import type { Printed } from '../define-service.ts'
import { deadLetterCommands } from '../events/dead-letters.ts'
import { batchSubscription, type Subscription } from '../events/subscription.ts'
import { createLogger } from '../logger.ts'
import { startTestService, type TestService } from '../testing/service.ts'
import { until } from '../testing/until.ts'
import { eventService } from './event-harness.ts'

let broker: TestBroker
let service: TestService<object> | undefined
/** What analytics, or version, has handled, by event and content; while it is broken it refuses all. */
let handled: [id: string, request: string | undefined, content: string][]
let isBroken: boolean
let subscriptions: Subscription[]

beforeAll(async () => {
  broker = await startTestBroker()
})
afterAll(() => broker.stop())
afterEach(async () => {
  await service?.stop()
  service = undefined
  for (const stream of ['PF_PROMPT', 'PF_PROMPT_CONTENT', 'PF_DEAD_LETTER']) await broker.manager.streams.purge(stream)
})

/** Starts a service whose handler is broken. */
async function start(name: 'analytics' | 'version', stream: 'PF_PROMPT' | 'PF_PROMPT_CONTENT') {
  handled = []
  isBroken = true
  const handle: Subscription['handle'] = async (batch) => {
    if (isBroken)
      return batch.map((received) => ({ received, reason: 'the table that it belongs to has a wrong form' }))
    for (const { id, requestId, payload } of batch) {
      handled.push([id, requestId, (payload as { content?: string }).content ?? ''])
    }
    return []
  }
  subscriptions = [batchSubscription(stream, { batch: 10 }, consumedBy(name, stream), handle)]
  service = await startTestService(
    eventService(name, () => subscriptions),
    {
      env: { PF_NATS_URL: broker.url, PF_LOG_LEVEL: 'silent' },
    },
  )
}

async function publish(event: EventDefinition<any>, data: Uint8Array): Promise<string> {
  const msgID = v7()
  const options = { msgID, headers: requestHeaders() }
  await jetstream(broker.connection).publish(event.subject, data, options)
  return msgID
}

function requestHeaders() {
  const sent = headers()
  sent.set('Pf-Request-Id', 'request-1')
  return sent
}

const deleted = () =>
  PromptDeleted.encode(
    PromptDeleted.fromPartial({ metadata: { aggregateId: randomUUID() }, actor: { username: 'lena' } }),
  ).finish()

const letters = async () => (await broker.messages('PF_DEAD_LETTER')).map(({ seq }) => String(seq))
const putAside = (count: number) => until('the dead letters', async () => (await letters()).length === count)

/** The command as an operator gives it; answers with its lines. */
async function run(name: string, ...args: string[]): Promise<Printed> {
  const certificates = join(process.env['PF_TEST_CERTIFICATES']!, 'deploy', 'current')
  const access = () => ({ url: broker.url, certificates })
  const commands = deadLetterCommands({ service: name, subscriptions, access, log: createLogger('test', 'silent') })
  return (await commands['dead-letters']!(args)) as Printed
}

describe('dead letters', () => {
  test('are listed, oldest first, in a table that fits a terminal, and shown without names', async () => {
    await start('analytics', 'PF_PROMPT')
    expect(await run('analytics', 'list')).toEqual({ lines: ['There are no dead letters.'] })
    const id = await publish(EVENTS.promptDeleted, deleted())
    await putAside(1)
    await publish(EVENTS.promptLiked, new Uint8Array([0x0a, 0xff]))
    await putAside(2)
    const [first, second] = await letters()
    const { lines } = await run('analytics', 'list')
    expect(lines[0]).toMatch(/^no\. +put aside +by +event +reason$/)
    expect(lines.slice(2).map((line) => line.split(/ {2,}/).filter((_, column) => column !== 1))).toEqual([
      [first, 'analytics', 'prompt.deleted', 'the table that it belongs to has a wrong form'],
      [second, 'analytics', 'prompt.liked', 'its bytes are not a message of its subject'],
    ])
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
    const shown = (await run('analytics', 'show', first!)).lines.join('\n')
    expect(shown).toContain(id)
    expect(shown).toContain('request-1')
    expect(shown).not.toContain('lena')
    expect((await run('analytics', 'show', second!)).lines.join('\n')).toContain('2 bytes that cannot be read')
    expect(await run('version', 'list')).toEqual({ lines: ['There are no dead letters.'] })
  })

  test('that are retried stay while the service is not mended, and are handled once by it and gone when it is', async () => {
    await start('analytics', 'PF_PROMPT')
    const ids = [await publish(EVENTS.promptDeleted, deleted())]
    await putAside(1)
    ids.push(await publish(EVENTS.promptDeleted, deleted()))
    await putAside(2)
    const [first, second] = await letters()
    const again = await run('analytics', 'retry', '--all')
    expect(again.isFailure).toBe(true)
    expect(again.lines.at(-1)).toContain('refused again: the table that it belongs to has a wrong form')
    expect(await letters()).toEqual([first, second])

    isBroken = false
    const done = await run('analytics', 'retry', first!)
    expect(done).toMatchObject({ isFailure: false })
    expect(done.lines.slice(2)).toEqual([expect.stringMatching(new RegExp(`^${first} +prompt.deleted +handled$`))])
    expect(handled).toEqual([[ids[0], 'request-1', '']])
    expect(await letters()).toEqual([second])
    await expect(run('analytics', 'retry', first!)).rejects.toThrow(`there is no dead letter ${first}`)

    await Promise.all([run('analytics', 'retry', '--all'), run('analytics', 'retry', '--all')])
    expect(await letters()).toEqual([])
    expect(new Set(handled.map(([id]) => id))).toEqual(new Set(ids))
    expect(await run('analytics', 'retry', '--all')).toMatchObject({ isFailure: false })
  })

  test('that no service can read stay what they are, and keep no other from being handled', async () => {
    await start('analytics', 'PF_PROMPT')
    await publish(EVENTS.promptDeleted, new Uint8Array([0x0a, 0xff]))
    await putAside(1)
    const id = await publish(EVENTS.promptDeleted, deleted())
    await putAside(2)
    const [first] = await letters()
    isBroken = false
    const { lines, isFailure } = await run('analytics', 'retry', '--all')
    expect(isFailure).toBe(true)
    expect(lines.slice(2)).toEqual([
      expect.stringContaining('failed again: its bytes are not a message of its subject'),
      expect.stringContaining('handled'),
    ])
    expect(handled).toEqual([[id, 'request-1', '']])
    expect(await letters()).toEqual([first])
  })

  test('of a prompt’s content are retried with what the stream has, and say what to do when it has it no more', async () => {
    await start('version', 'PF_PROMPT_CONTENT')
    const data = PromptContentChanged.encode(PromptContentChanged.fromPartial({ content: 'a recipe' })).finish()
    const id = await publish(EVENTS.promptContentChanged, data)
    await putAside(1)
    await publish(EVENTS.promptContentChanged, data)
    await putAside(2)
    isBroken = false
    const [first] = await letters()
    expect((await run('version', 'show', first!)).lines.join('\n')).toContain('not copied')
    await run('version', 'retry', first!)
    expect(handled).toEqual([[id, 'request-1', 'a recipe']])
    await broker.manager.streams.purge('PF_PROMPT_CONTENT')
    expect((await run('version', 'retry', '--all')).lines.join(' ')).toMatch(/does not have its content any more/)
    expect(await letters()).toHaveLength(1)
  })

  test('are asked for in no other way, and what is wrong says what to give', async () => {
    await start('analytics', 'PF_PROMPT')
    const wrong: [string[], string][] = [
      [[], 'say what to do'],
      [['remove'], 'say what to do'],
      [['retry'], 'name the numbers'],
      [['show', '7', 'x'], 'there is no dead letter 7, x'],
    ]
    for (const [args, message] of wrong) await expect(run('analytics', ...args)).rejects.toThrow(message)
  })
})
