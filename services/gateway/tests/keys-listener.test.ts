import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AuthServiceService as Auth } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { startGateway, type TestGateway } from './harness.ts'
import { send } from './sockets.ts'

let gateway: TestGateway
let socketPath: string
beforeAll(async () => {
  gateway = await startGateway()
  socketPath = join(gateway.folder, 'keys.sock')
})
afterAll(() => gateway.stop())
afterEach(() => void gateway.user.calls.splice(0))

const KEYS = '/.well-known/jwks.json'
const JSON_TYPE = { 'content-type': 'application/json' }

test('the listener for keys is a socket of its own user, and none without a file', () => {
  expect(statSync(socketPath).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(gateway.folder, 'envoy.json'), 'utf8')).not.toMatch(/"path": "@/)
})

test.each([
  'POST /v1/auth/login',
  'POST /v1/auth/login/',
  'POST /v1/auth/register',
  'POST /promptforge.auth.v1.AuthService/Login',
  'POST /promptforge.user.v1.UserService/GetUser',
  `POST ${KEYS}`,
  'GET /v1/users/u1',
])('it has keys alone: not %s', async (call) => {
  const { status } = await send({ socketPath }, call, JSON_TYPE, '{}')
  expect(status).toBe(404)
  expect(gateway.user.calls.filter(({ path }) => path !== Auth.getJwks.path)).toEqual([])
})

test('and nothing that only the gateway may say is taken from who asks for them', async () => {
  const { status } = await send({ socketPath }, `GET ${KEYS}`, {
    'x-envoy-external-address': '9.9.9.9',
    'x-pf-role': 'ADMIN',
  })
  expect(status).toBe(200)
  const { metadata } = gateway.user.calls.find(({ path }) => path === Auth.getJwks.path)!
  for (const name of ['x-envoy-external-address', 'x-pf-role']) expect(metadata.get(name)).toEqual([])
})
