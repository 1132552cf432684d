import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Envoy } from '../../dev-env/infra/envoy.ts'
import { failureOf } from './failure.ts'
import { restOf, startGateway, startVariant, type TestGateway } from './harness.ts'

let gateway: TestGateway
let careless: Envoy

/** The same gateway, but for a first check that demands a token nowhere, as if it had read no path right. */
beforeAll(async () => {
  gateway = await startGateway()
  careless = await startVariant(gateway, 'careless', (name, value) => (name === 'requires' ? OPTIONAL : value))
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
