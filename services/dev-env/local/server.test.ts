import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { until } from '#chassis/testing/until.ts'
import type { Chat } from './llama.ts'
import { MODEL } from './request.ts'
import { createLocalServer } from './server.ts'

/** The chat of a model that says what it is asked when the test lets it. */
function heldChat() {
  const asked = new Map<string, () => void>()
  const generate: Chat['generate'] = async (history, _sampling, signal, onText) => {
    const said = history.map((item) => ('text' in item ? item.text : '')).join('')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    asked.set(said, resolve)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    await promise
    onText(said)
    return { reason: 'stop', tokens: 1 }
  }
  return { asked, chat: { generate } }
}

let server: Server

async function startServer(queue: { waiting: number; waitMs: number }) {
  const { asked, chat } = heldChat()
  let read = 0
  const countTokens = () => {
    read++
    return 1
  }
  server = createLocalServer({ countTokens, chats: [chat] }, queue)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
  const ask = async (content: string, signal?: AbortSignal) => {
    const body = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content }] })
    const response = await fetch(url, { method: 'POST', body, signal: signal ?? null })
    const { choices } = (await response.json()) as { choices?: { message: { content: string } }[] }
    return choices ? choices[0]!.message.content : response.status
  }
  /** Asks, and waits until the server has read it. */
  const asking = async (content: string, signal?: AbortSignal) => {
    const before = read
    const answer = ask(content, signal)
    // Awaited later; until then a rejection is nobody's.
    answer.catch(() => undefined)
    await until('the server to read it', () => read > before)
    return { answer }
  }
  const begun = (content: string) => until('it to begin', () => asked.has(content))
  return { ask, asking, begun, end: (content: string) => asked.get(content)!() }
}

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('who comes while another is served waits for the turn, so many at most', async () => {
  const { ask, asking, begun, end } = await startServer({ waiting: 2, waitMs: 60_000 })
  const answers = [await asking('one'), await asking('two'), await asking('three')]
  expect(await ask('one too many')).toBe(503)
  for (const content of ['one', 'two', 'three']) {
    await begun(content)
    end(content)
  }
  expect(await Promise.all(answers.map(({ answer }) => answer))).toEqual(['one', 'two', 'three'])
})

test('who leaves while waiting makes room for another at once', async () => {
  const { asking, begun, end } = await startServer({ waiting: 1, waitMs: 60_000 })
  const first = await asking('one')
  const leaving = new AbortController()
  const left = await asking('left', leaving.signal)
  leaving.abort()
  await expect(left.answer).rejects.toThrow()
  await until('the server to notice', async () => (await promisify(server.getConnections.bind(server))()) === 1)
  const second = await asking('two')
  for (const content of ['one', 'two']) {
    await begun(content)
    end(content)
  }
  expect([await first.answer, await second.answer]).toEqual(['one', 'two'])
})

test('who has waited for too long is told to come again, and the one who is served goes on', async () => {
  const { asking, begun, end } = await startServer({ waiting: 1, waitMs: 10 })
  const first = await asking('one')
  await begun('one')
  const second = await asking('two')
  expect(await second.answer).toBe(503)
  end('one')
  expect(await first.answer).toBe('one')
})
