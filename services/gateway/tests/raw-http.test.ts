import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connect } from 'node:net'
import { until } from '#chassis/testing/until.ts'
import { failureOf } from './failure.ts'
import { type Answer, startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.stop())

/** Sends lines as they are, and reads one answer. */
async function send(lines: string[]): Promise<Answer> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  let received = ''
  for await (const chunk of socket) {
    received += String(chunk)
    const [head = '', text] = received.split('\r\n\r\n')
    const [first = '', ...rest] = head.split('\r\n')
    const headers = new Headers(rest.map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]))
    if (text === undefined || Buffer.byteLength(text) < Number(headers.get('content-length'))) continue
    return { status: Number(first.split(' ')[1]), headers, text, json: JSON.parse(text) }
  }
  throw new Error(`no whole answer: ${received}`)
}

const GET = 'GET /v1/prompts HTTP/1.1'
const POST = 'POST /v1/prompts HTTP/1.1'

test.each([
  ['nothing of HTTP', 400, ['nonsense']],
  ['no host', 400, [GET]],
  ['a path without a slash', 400, ['GET v1/prompts HTTP/1.1', 'host: x']],
  ['an encoded NUL', 400, ['GET /v1/prompts/%00 HTTP/1.1', 'host: x']],
  ['a header without a colon', 400, [GET, 'host: x', 'nonsense']],
  ['two lengths', 400, [POST, 'host: x', 'content-length: 2', 'content-length: 3', '', '{}']],
  ['a length and chunks', 400, [POST, 'host: x', 'content-length: 2', 'transfer-encoding: chunked', '', '0']],
  ['an unknown encoding', 501, [POST, 'host: x', 'transfer-encoding: gzip, chunked', '', '0']],
  ['HTTP/1.0', 426, ['GET /v1/prompts HTTP/1.0', 'host: x']],
])('what is no request is refused in the same form: %s', async (_, status, lines) => {
  expect(failureOf(await send(lines))).toEqual({ status, code: 3, reason: 'REQUEST_REJECTED' })
  expect(gateway.prompt.calls).toEqual([])
})

test('CONNECT, which has no path, needs a token as every path does', async () => {
  const answer = await send(['CONNECT x:1 HTTP/1.1', 'host: x:1'])
  expect(failureOf(answer)).toEqual({ status: 401, code: 16, reason: 'TOKEN_MISSING' })
})

test('a gateway that has no memory left says so in the same form', async () => {
  const full = await startGateway({ memoryBytes: 1_000_000 })
  try {
    const answer = await until('a refusal', async () => {
      const answer = await full.rest('GET /v1/prompts/p1')
      return answer.status !== 200 && answer
    })
    expect(failureOf(answer)).toEqual({ status: 503, code: 14, reason: 'DEPENDENCY_UNAVAILABLE' })
  } finally {
    await full.stop()
  }
})
