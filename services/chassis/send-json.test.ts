import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { askJson, sendJson } from './send-json.ts'

const ANSWERS: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown> = {
  '/echo': async (request, response) => {
    const { method, headers } = request
    response.end(JSON.stringify({ method, authorization: headers.authorization, body: await text(request) }))
  },
  '/refused': (_request, response) => response.writeHead(403).end('{"message":"not yours"}'),
  '/page': (_request, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
  '/silent': () => undefined,
}

let server: Server
let url: string

beforeAll(async () => {
  server = createServer((request, response) => ANSWERS[request.url!]!(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('a request has its method, its token and its body, and the answer its status', async () => {
  const { status, body } = await sendJson(url, 'PATCH /echo', { token: 'a-token', body: { title: 'New' } })
  expect(status).toBe(200)
  expect(body).toEqual({ method: 'PATCH', authorization: 'Bearer a-token', body: '{"title":"New"}' })
  expect(await askJson(url, 'GET /echo')).toEqual({ method: 'GET', body: '' })
})

test('a refusal is an answer, or an error that says why, as the caller wants it', async () => {
  expect(await sendJson(url, 'GET /refused')).toEqual({ status: 403, body: { message: 'not yours' } })
  await expect(askJson(url, 'GET /refused')).rejects.toThrow(
    'GET /refused is answered with HTTP 403: {"message":"not yours"}',
  )
})

test('what is no JSON, and no answer in time, are errors that name the call', async () => {
  await expect(sendJson(url, 'GET /page')).rejects.toThrow(
    'GET /page is answered with HTTP 502, and not with JSON: <h1>Bad gateway</h1>',
  )
  await expect(sendJson(url, 'GET /silent', { timeoutMs: 100 })).rejects.toThrow(
    `GET /silent: ${url} does not answer: `,
  )
})

test('nobody who listens is an error that names the address and the reason', async () => {
  await expect(sendJson('http://127.0.0.1:1', 'GET /')).rejects.toThrow(
    /^GET \/: http:\/\/127\.0\.0\.1:1 does not answer: /,
  )
})
