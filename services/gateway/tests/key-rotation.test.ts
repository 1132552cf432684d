import { afterEach, expect, test } from '@jest/globals'
import { status } from '@grpc/grpc-js'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { AuthServiceService as Auth } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { PromptServiceService as Prompts } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { failureOf } from './failure.ts'
import { echoOf, jwks, startGateway, type TestGateway } from './harness.ts'
import { type Key, makeKey } from './keys.ts'

let gateway: TestGateway
afterEach(() => gateway.stop())

const statusWith = async (key: Key) =>
  (await gateway.rest('DELETE /v1/prompts/p1', { token: await key.sign('ada') })).status

const fetches = () => gateway.user.calls.filter(({ path }) => path === Auth.getJwks.path).length

test('a new key is accepted when the known ones are a second old, and the old one as long as it is published', async () => {
  gateway = await startGateway({ keysSeconds: 1 })
  const next = await makeKey()
  expect(await statusWith(gateway.key)).toBe(200)
  expect(await statusWith(next)).toBe(401)
  gateway.keys.push(next)
  await until('the new key to be accepted', async () => (await statusWith(next)) === 200)
  expect(await statusWith(gateway.key)).toBe(200)
  gateway.keys.shift()
  await until('the old key to be refused', async () => (await statusWith(gateway.key)) === 401)
  expect(await statusWith(next)).toBe(200)
})

test('a flood of tokens of unknown keys has no key fetched', async () => {
  gateway = await startGateway()
  await until('the keys to be had', async () => (await statusWith(gateway.key)) === 200)
  const before = fetches()
  const unknown = await makeKey()
  for (const answer of await Promise.all(Array.from({ length: 50 }, () => statusWith(unknown))))
    expect(answer).toBe(401)
  expect(fetches()).toBe(before)
})

test('while user is away the last known keys stay good', async () => {
  gateway = await startGateway({ keysSeconds: 1 })
  expect(await statusWith(gateway.key)).toBe(200)
  const { port } = gateway.user
  gateway.user.stop()
  await until('a fetch to fail', async () => (await failedFetches()) > 0)
  expect(await statusWith(gateway.key)).toBe(200)
  const next = await makeKey()
  const back = await echoOf('user', { port })
  back.answers.set(Auth.getJwks.path, () => jwks([gateway.key, next]))
  try {
    await until('the keys to be fetched again', async () => (await statusWith(next)) === 200)
  } finally {
    back.stop()
  }
})

test('a gateway that has never had keys says 503 and not that the token is bad, and serves who needs none', async () => {
  const closed = await echoOf('user')
  closed.stop()
  gateway = await startGateway({ services: { user: [`127.0.0.1:${closed.port}`] } })
  const token = await gateway.token()
  expect(failureOf(await gateway.rest('DELETE /v1/prompts/p1', { token }))).toEqual({
    status: 503,
    code: 14,
    reason: 'DEPENDENCY_UNAVAILABLE',
  })
  expect(await rejection(gateway.stub(Prompts).deletePrompt({ promptId: 'p1' }, { token }))).toMatchObject({
    code: status.UNAVAILABLE,
    reason: 'DEPENDENCY_UNAVAILABLE',
  })
  expect(await gateway.rest('GET /v1/prompts/p1')).toMatchObject({ status: 200 })
  const back = await echoOf('user', { port: closed.port })
  back.answers.set(Auth.getJwks.path, () => jwks(gateway.keys))
  try {
    await until('the keys to be had', async () => (await statusWith(gateway.key)) === 200)
  } finally {
    back.stop()
  }
})

async function failedFetches(): Promise<number> {
  const answer = await fetch(`${gateway.adminUrl}/stats?format=json&filter=jwks_fetch_failed`)
  const { stats } = (await answer.json()) as { stats: { value?: number }[] }
  return stats.reduce((sum, { value = 0 }) => sum + value, 0)
}
