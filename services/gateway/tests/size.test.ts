import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { failureOf } from './failure.ts'
import { startGateway, type Answer, type TestGateway } from './harness.ts'

const MIB = 1024 * 1024

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway()
  token = await gateway.token()
})
afterAll(() => gateway.stop())
beforeEach(() => void gateway.prompt.calls.splice(0))

const body = (bytes: number) => JSON.stringify({ content: 'x'.repeat(bytes) })

/** Without a content-length: node sends what is written before `end` in chunks. */
function inPieces(body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    let answered = false
    const call = request(`${gateway.url}/v1/prompts`, { method: 'POST', headers }, (answer) => {
      answered = true
      const status = answer.statusCode!
      const received = new Headers(answer.headers as Record<string, string>)
      text(answer).then((text) => resolve({ status, headers: received, text, json: JSON.parse(text) }), reject)
    })
    call.on('error', () => undefined) // it is not read to its end when it is too large
    call.on('close', () => answered || reject(new Error('there was no answer')))
    for (let at = 0; at < body.length; at += 65_536) call.write(body.slice(at, at + 65_536))
    call.end()
  })
}

const whole = (body: string) => gateway.rest('POST /v1/prompts', { token, body })

test.each([
  ['in one piece', whole],
  ['in chunks', inPieces],
])('a body of more than 4 MiB is refused when it comes %s', async (_, send) => {
  for (const bytes of [4 * MIB, 6 * MIB]) {
    expect(failureOf(await send(body(bytes)))).toEqual({ status: 413, code: 3, reason: 'REQUEST_TOO_LARGE' })
  }
  expect(gateway.prompt.calls).toEqual([])
})

test.each([
  ['in one piece', whole],
  ['in chunks', inPieces],
])('a body of nearly 4 MiB arrives when it comes %s', async (_, send) => {
  expect(await send(body(4 * MIB - 100))).toMatchObject({ status: 200 })
  expect(gateway.prompt.calls).toHaveLength(1)
})
