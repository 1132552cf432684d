import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { startGateway, type TestGateway } from './harness.ts'
import { send } from './sockets.ts'

let gateway: TestGateway
let port: number
beforeAll(async () => {
  gateway = await startGateway()
  port = (await gateway.envoy.ports())['admin']!
})
afterAll(() => gateway.stop())

const local = () => ({ host: `localhost:${port}` })

test.each([
  'POST /drain_listeners',
  'GET /drain_listeners',
  'POST /stats/recentlookups/enable',
  'POST /stats',
  'POST /reset_counters',
  'POST /quitquitquit',
  'POST /logging?level=trace',
  'GET /config_dump',
  'GET /',
])('whoever reaches the port of the admin interface cannot %s', async (call) => {
  expect(await send({ port }, call, local())).toMatchObject({ status: 404 })
  expect(await gateway.rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
})

test.each(['/ready', '/listeners?format=json', '/clusters', '/certs', '/stats?filter=edge', '/stats/prometheus'])(
  'but may read %s',
  async (path) => {
    expect(await send({ port }, `GET ${path}`, local())).toMatchObject({ status: 200 })
  },
)

test('nor can a web page, by a name of its own for this machine', async () => {
  expect(await send({ port }, 'GET /stats', { host: `evil.example:${port}` })).toMatchObject({ status: 404 })
})

test('what can stop the gateway is a socket of its own user', () => {
  expect(statSync(join(gateway.folder, 'admin.sock')).mode & 0o777).toBe(0o600)
})
