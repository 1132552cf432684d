import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { PromptTest_Status as Status } from '#contracts/gen/promptforge/test/v1/test.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { DIALECTS } from './dialects.ts'
import { RUNNER, startTestRunner, type TestRunner } from './harness.ts'
import { beginEvents, type ProviderServer, startProviderServer } from './provider-server.ts'

const { begin, text, end } = DIALECTS['openai-compatible']
const COUNTED = { fresh: 10, cacheRead: 0, cacheWrite: 0, text: 2, reasoning: 0 }

let broker: TestBroker
let provider: ProviderServer
let runner: TestRunner
/** Another replica, which runs nothing that the first one runs. */
let other: TestRunner
/** The call that the provider answers now; a test writes to it. */
let calls: ServerResponse[] = []

beforeAll(async () => {
  broker = await startTestBroker()
  provider = await startProviderServer((response) => {
    beginEvents(response)
    response.write(begin(COUNTED))
    calls.push(response)
  })
  runner = await startTestRunner({ natsUrl: broker.url, providerUrl: provider.url })
  other = await startTestRunner({ natsUrl: broker.url, providerUrl: provider.url, database: runner.database })
})
afterAll(async () => {
  await other.stop()
  await runner.stop()
  await provider.stop()
  await broker.stop()
})

type Seen = { kinds: string[]; text: string; cursors: string[]; statuses: number[]; done: Promise<void> }

/** Watches to the end, or until it has seen so many parts of the text. */
function watch(testId: string, { at = runner, after = '', parts = Infinity } = {}): Seen {
  const seen: Seen = { kinds: [], text: '', cursors: [], statuses: [], done: Promise.resolve() }
  const read = async () => {
    for await (const { kind } of at.tests.watchTest({ testId, after }, { token: at.token })) {
      if (kind?.$case !== 'event') continue
      const { what, cursor } = kind.value
      seen.kinds.push(what!.$case)
      seen.cursors.push(cursor)
      if (what!.$case === 'changed' || what!.$case === 'ended') seen.statuses.push(what!.value.status)
      if (what!.$case === 'restarted') seen.text = ''
      if (what!.$case !== 'delta') continue
      expect(what!.value.offset).toBe(after === '' ? seen.text.length : Number(after.split('.')[1]) + seen.text.length)
      seen.text += what!.value.text
      if (seen.kinds.filter((one) => one === 'delta').length === parts) return
    }
  }
  seen.done = read()
  return seen
}

/** Asks for a run, and waits until the provider has been called. */
async function start(): Promise<{ testId: string; call: ServerResponse }> {
  calls = []
  const { testId } = await runner.run('Hello?')
  // Both replicas have it under the same name.
  other.contents.set((await runner.read(testId)).promptId, 'Hello?')
  await until('the provider to be called', () => calls.length === 1)
  return { testId, call: calls[0]! }
}

const finish = (call: ServerResponse) => call.end(end('stop', COUNTED))

const sees = (seen: Seen, what: string) => until(`the watcher to see ${what}`, () => seen.text === what)

test('who watches sees the states, the text as it comes, and the end', async () => {
  const { testId, call } = await start()
  const seen = watch(testId)
  call.write(text('Hello'))
  await sees(seen, 'Hello')
  call.write(text(', wor'))
  await sees(seen, 'Hello, wor')
  call.write(text('ld'))
  finish(call)
  await seen.done
  expect(seen.text).toBe('Hello, world')
  expect(seen.kinds[0]).toBe('changed')
  expect(seen.kinds.at(-1)).toBe('ended')
  expect(new Set(seen.statuses)).toEqual(new Set([Status.RUNNING, Status.COMPLETED]))
})

test('who comes late, to whichever replica, sees all of it, and who comes after the end, too', async () => {
  const { testId, call } = await start()
  call.write(text('Hello'))
  await sees(watch(testId), 'Hello')
  const late = [runner, other].map((at) => watch(testId, { at }))
  for (const seen of late) await sees(seen, 'Hello')
  call.write(text(', world'))
  finish(call)
  for (const seen of late) {
    await seen.done
    expect(seen.text).toBe('Hello, world')
  }
  const after = watch(testId)
  await after.done
  expect(after).toMatchObject({ kinds: ['delta', 'ended'], text: 'Hello, world' })
})

test('who opens the stream again after its last message, at whichever replica, has no gap and no repeat', async () => {
  const { testId, call } = await start()
  call.write(text('one '))
  const first = watch(testId, { parts: 1 })
  await first.done
  call.write(text('two '))
  const second = watch(testId, { at: other, after: first.cursors.at(-1)!, parts: 1 })
  await second.done
  call.write(text('three'))
  finish(call)
  await runner.ended(testId)
  const third = watch(testId, { after: second.cursors.at(-1)! })
  await third.done
  expect([first.text, second.text, third.text]).toEqual(['one ', 'two ', 'three'])
})

test('twenty watchers on two replicas see the same text, whichever replica runs it', async () => {
  const { testId, call } = await start()
  const all = Array.from({ length: 20 }, (_, n) => watch(testId, { at: n % 2 === 0 ? runner : other }))
  const words = Array.from({ length: 200 }, (_, n) => `word${n} `)
  for (const word of words) call.write(text(word))
  for (const seen of all) await sees(seen, words.join(''))
  finish(call)
  await Promise.all(all.map(({ done }) => done))
  for (const { text: said } of all) expect(said).toBe(words.join(''))
})

test('while NATS is down the text comes with the end', async () => {
  const { testId, call } = await start()
  const seen = watch(testId, { at: other })
  await until('the watcher to watch', () => seen.kinds.length > 0)
  const away = () =>
    broker.away(async () => {
      call.write(text('Hello'))
      finish(call)
      await seen.done
      expect(seen.text).toBe('Hello')
    }, 'kill')
  await runner.silenced(() => other.silenced(away))
})

test('a test that is run again says that its text begins anew', async () => {
  const { testId, call } = await start()
  const seen = watch(testId)
  call.write(text('first'))
  await sees(seen, 'first')
  await runner.database.query(
    `update prompt_tests set worker_id = gen_random_uuid(), lease_until = now() - interval '1 s' where id = $1`,
    [testId],
  )
  await until('it to run again', () => calls.length === 2)
  calls[1]!.write(text('second'))
  await sees(seen, 'second')
  finish(calls[1]!)
  await seen.done
  expect(seen.kinds.filter((kind) => kind === 'restarted')).toHaveLength(1)
  expect(seen.text).toBe('second')
})

test('a text with characters of two units is whole for everybody', async () => {
  const { testId, call } = await start()
  const long = 'a'.repeat(32 * 1024 - 1) + '😀'.repeat(20_000)
  call.write(text(long.slice(0, 40_001)) + text(long.slice(40_001)))
  finish(call)
  await runner.ended(testId)
  const seen = watch(testId)
  await seen.done
  expect(seen.text).toBe(long)
})

describe('nothing is seen', () => {
  const first = async (stream: AsyncIterable<unknown>) => {
    for await (const message of stream) return message
    return undefined
  }

  test('of somebody else’s test, of one that there is not, and of one whose version may not be read any more', async () => {
    const { testId, call } = await start()
    finish(call)
    const { promptId } = await runner.ended(testId)
    const token = await runner.identity.tokenFor({ ...RUNNER, userId: '0198c0de-0000-7000-8000-00000000000c' })
    const none = '0198c0de-0000-7000-8000-00000000000d'
    const asks = [
      () => first(runner.tests.watchTest({ testId, after: '' }, { token })),
      () => first(runner.tests.watchTest({ testId: none, after: '' }, { token: runner.token })),
    ]
    for (const ask of asks) expect(await rejection(ask())).toMatchObject({ code: status.NOT_FOUND })
    runner.contents.delete(promptId)
    const own = first(runner.tests.watchTest({ testId, after: '' }, { token: runner.token }))
    expect(await rejection(own)).toMatchObject({ code: status.NOT_FOUND })
  })

  test('after a cursor that is none', async () => {
    const { testId, call } = await start()
    finish(call)
    await runner.ended(testId)
    const ask = (after: string) => rejection(first(runner.tests.watchTest({ testId, after }, { token: runner.token })))
    expect(await ask('one')).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'after' }] })
    expect(await ask('9.0')).toMatchObject({ code: status.OUT_OF_RANGE, reason: 'CURSOR_EXPIRED' })
  })
})
