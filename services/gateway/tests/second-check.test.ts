import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Envoy, startEnvoy } from '../../dev-env/infra/envoy.ts'
import { failureOf } from './failure.ts'
import { restOf, startGateway, type TestGateway } from './harness.ts'

let gateway: TestGateway
let careless: Envoy

/** The same gateway, but for a first check that demands a token nowhere, as if it had read no path right. */
beforeAll(async () => {
  gateway = await startGateway()
  const text = readFileSync(join(gateway.folder, 'envoy.json'), 'utf8')
  // Its own sockets: two cannot listen on one.
  const own = text.replaceAll(/(keys|admin)\.sock/g, 'careless-$1.sock')
  const config = JSON.parse(own, (name, value) => (name === 'requires' ? OPTIONAL : value))
  const configPath = join(gateway.folder, 'careless.json')
  writeFileSync(configPath, JSON.stringify(config))
  careless = await startEnvoy({ configPath, dir: join(gateway.folder, 'careless') })
})
afterAll(async () => {
  await careless.stop()
  await gateway.stop()
})

const OPTIONAL = { requires_any: { requirements: [{ provider_name: 'promptforge' }, { allow_missing: {} }] } }

test('behind the transcoder a method that is not public needs a token, however its path was read before', async () => {
  const { edge } = await careless.ports()
  const rest = restOf(`http://127.0.0.1:${edge}`)
  const unnamed = { status: 401, code: 16, reason: 'TOKEN_MISSING' }
  expect(failureOf(await rest('DELETE /v1/prompts/p1'))).toEqual(unnamed)
  expect(gateway.prompt.calls).toEqual([])
  expect(await rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
  expect(await rest('DELETE /v1/prompts/p1', { token: await gateway.token() })).toMatchObject({ status: 200 })
})
