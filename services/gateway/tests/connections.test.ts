import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { until } from '#chassis/testing/until.ts'
import type { Envoy } from '../../dev-env/infra/envoy.ts'
import { restOf, startGateway, startVariant, type TestGateway } from './harness.ts'
import { send } from './sockets.ts'

let gateway: TestGateway
let hasty: Envoy
let port: number

/** By what the times of a connection are divided here. */
const HASTY = new Map([
  ['listener_filters_timeout', 10],
  ['request_headers_timeout', 10],
  ['request_timeout', 10],
  ['idle_timeout', 100],
])
const CONNECTIONS = 20

beforeAll(async () => {
  gateway = await startGateway()
  hasty = await startVariant(gateway, 'hasty', (name, value) => {
    const divisor = HASTY.get(name)
    if (divisor) return `${Number.parseFloat(String(value)) / divisor}s`
    return name === 'max_active_downstream_connections' ? CONNECTIONS : value
  })
  port = (await hasty.ports())['edge']!
})
afterAll(async () => {
  await hasty.stop()
  await gateway.stop()
})

/** Opens a connection, and tells what came back when the gateway has closed it. */
async function open(text = '') {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => void (received += String(chunk)))
  socket.on('error', () => undefined)
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)))
  await once(socket, 'connect')
  socket.write(text)
  return { socket, closed }
}

const POST = 'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n'

test.each([
  ['says nothing', ''],
  ['says the beginning of HTTP/2 and no more', 'PRI * HTTP/2.0\r\n'],
  ['does not end its headers', 'GET /v1/prompts HTTP/1.1\r\nhost: x\r\n'],
  ['has had its answer, and asks nothing more', 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'],
])('a connection that %s is closed', async (_, text) => {
  const { closed } = await open(text)
  await closed
})

test('a body that comes byte by byte has the time of a whole request, and then an answer that says so', async () => {
  const { socket, closed } = await open(POST)
  const drip = setInterval(() => socket.write(' '), 100)
  socket.once('data', () => clearInterval(drip))
  const answer = await closed.finally(() => clearInterval(drip))
  expect(answer).toMatch(/^HTTP\/1.1 408 /)
  expect(answer).toContain('the request did not arrive within 30 s: send it again')
  expect(gateway.user.calls.filter(({ path }) => path.endsWith('/Login'))).toEqual([])
})

test('who takes all connections has them for seconds, and neither keys nor the admin interface wait for that', async () => {
  const taken = await Promise.all(Array.from({ length: 2 * CONNECTIONS }, () => open()))
  const { admin } = await hasty.ports()
  expect(await send({ port: admin! }, 'GET /ready', { host: 'localhost' })).toMatchObject({ status: 200 })
  const keys = { socketPath: join(gateway.folder, 'hasty-keys.sock') }
  expect(await send(keys, 'GET /.well-known/jwks.json')).toMatchObject({ status: 200 })
  await Promise.all(taken.map(({ closed }) => closed))
  const rest = restOf(`http://127.0.0.1:${port}`)
  await until('a place', async () => (await rest('GET /v1/prompts/p1').catch(() => undefined))?.status === 200)
})

test('the times: 5 s to the first line, 10 s for headers, 30 s for a request, 75 s between requests', () => {
  const listeners = JSON.parse(readFileSync(join(gateway.folder, 'envoy.json'), 'utf8')).static_resources.listeners
  const edge = listeners.find(({ name }: { name: string }) => name === 'edge')
  const manager = edge.filter_chains[0].filters[0].typed_config
  expect([
    edge.listener_filters_timeout,
    manager.request_headers_timeout,
    manager.request_timeout,
    manager.common_http_protocol_options.idle_timeout,
  ]).toEqual(['5s', '10s', '30s', '75s'])
})
