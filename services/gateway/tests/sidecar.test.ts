import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { HttpServer } from '#chassis/serve-http.ts'
import { until } from '#chassis/testing/until.ts'
import { adminSocket } from '../sidecar/admin.ts'
import { serveSidecar } from '../sidecar/serve.ts'
import { startGateway, type TestGateway } from './harness.ts'

const PROGRAM = join(import.meta.dirname, '../sidecar/main.ts')

let gateway: TestGateway
let sidecar: HttpServer
beforeAll(async () => {
  gateway = await startGateway()
  sidecar = await serveSidecar(adminSocket(gateway.folder), { host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await sidecar.close()
  await gateway.stop()
})

const ask = async (path: string, init?: RequestInit) => {
  const answer = await fetch(`http://127.0.0.1:${sidecar.port}${path}`, init)
  return { status: answer.status, text: await answer.text() }
}

test('the sidecar says that the gateway is ready when it can verify tokens', async () => {
  await until('the gateway to have the keys of tokens', async () => (await ask('/ready')).status === 200)
  expect(await gateway.rest('GET /v1/prompts/p1', { token: await gateway.token() })).toMatchObject({ status: 200 })
})

test('it serves Envoy’s metrics to Prometheus, and nothing that changes Envoy', async () => {
  expect(await ask('/live')).toMatchObject({ status: 200 })
  expect((await ask('/metrics')).text).toContain('envoy_http_downstream_rq_total')
  expect(await ask('/drain_listeners', { method: 'POST' })).toMatchObject({ status: 404 })
  expect(await ask('/ready', { method: 'POST' })).toMatchObject({ status: 404 })
})

test('a gateway that drains goes on answering, and tells its clients to connect anew', async () => {
  // A connection that is kept is what `connection: close` is about; fetch does not show that header.
  const connection = async () => (await gateway.rest('GET /v1/prompts/p1')).headers.get('connection')
  expect(await connection()).not.toBe('close')
  await promisify(execFile)(process.execPath, [PROGRAM, 'drain'], {
    env: { ...process.env, PF_GATEWAY_FOLDER: gateway.folder },
  })
  await until('clients to be told', async () => (await connection()) === 'close')
  expect(await gateway.rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
})

test('without an Envoy it is neither live nor ready, and says so', async () => {
  const alone = await serveSidecar('/nowhere/admin.sock', { host: '127.0.0.1', port: 0 })
  try {
    for (const path of ['live', 'ready', 'metrics']) {
      const answer = await fetch(`http://127.0.0.1:${alone.port}/${path}`)
      expect(answer.status).toBe(503)
      expect(await answer.text()).toContain('Envoy does not answer')
    }
  } finally {
    await alone.close()
  }
})
