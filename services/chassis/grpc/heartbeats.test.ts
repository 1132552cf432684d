import { expect, test } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'
import { withHeartbeats } from './heartbeats.ts'

const EVERY_MS = 5
const never = new AbortController().signal

test('a heartbeat is yielded as often as the source is silent for so long, and nothing is lost or moved', async () => {
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  async function* source() {
    for (const [index, { promise }] of gates.entries()) {
      await promise
      yield `${index}a`
      yield `${index}b`
    }
  }
  const received: string[] = []
  let beats = 0
  for await (const message of withHeartbeats(source(), () => 'beat', never, EVERY_MS)) {
    received.push(message)
    // The source goes on when it has been silent for two heartbeats, while the consumer is busy with the second.
    if (message === 'beat' && ++beats % 2 === 0) gates[beats / 2 - 1]!.resolve()
    await turn()
  }
  const expected = gates.flatMap((_, index) => ['beat', 'beat', `${index}a`, `${index}b`])
  expect(received).toEqual(expected)
})

test('a source that does not pause has none', async () => {
  async function* source() {
    for (let i = 0; i < 100; i++) yield i
  }
  const received = await Array.fromAsync(withHeartbeats(source(), () => -1, never, 1000))
  expect(received).toEqual(Array.from({ length: 100 }, (_, index) => index))
})

test('an error of the source arrives after what came before it, also when it happens during a heartbeat', async () => {
  const { promise, reject } = Promise.withResolvers<string>()
  async function* source() {
    yield 'one'
    yield await promise
  }
  const received: string[] = []
  const read = async () => {
    for await (const message of withHeartbeats(source(), () => 'beat', never, EVERY_MS)) {
      received.push(message)
      if (message === 'beat') reject(new Error('broken'))
      await turn()
    }
  }
  await expect(read()).rejects.toThrow('broken')
  expect(received).toEqual(['one', 'beat'])
})

test('the signal ends it while the source is silent, and the source with it', async () => {
  const gone = new AbortController()
  let ended = false
  async function* source() {
    try {
      yield 'one'
      yield 'two'
    } finally {
      ended = true
    }
  }
  const read = async () => {
    for await (const message of withHeartbeats(source(), () => 'beat', gone.signal, EVERY_MS)) {
      if (message === 'one') gone.abort(new Error('left'))
    }
  }
  await expect(read()).rejects.toThrow('left')
  expect(ended).toBe(true)
})

test('leaving the loop during a silence does not wait for the source', async () => {
  async function* source() {
    yield await new Promise<string>(() => {})
  }
  const received: string[] = []
  for await (const message of withHeartbeats(source(), () => 'beat', never, EVERY_MS)) {
    received.push(message)
    break
  }
  expect(received).toEqual(['beat'])
})
