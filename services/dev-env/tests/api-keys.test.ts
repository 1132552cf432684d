import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'

let network: TestNetwork
let ann: SignedIn
/** Paths of a private prompt of Ann's, and of its first version. */
let [prompt, version] = ['', '']

beforeAll(async () => {
  network = await startTestNetwork()
  ann = await network.signUp('ann')
  const body = { title: 'Secret', content: 'Secret {{x}}', isPublic: false }
  const created = await network.rest('POST /v1/prompts', { token: ann.token, body })
  prompt = `/v1/prompts/${created.body.prompt.id}`
  version = `${prompt}/versions/1`
  await network.processAll()
})
afterAll(() => network.stop())

const createKey = async (...scopes: string[]): Promise<{ id: string; key: string }> => {
  const { status: code, body } = await network.rest('POST /v1/api-keys', {
    token: ann.token,
    body: { name: 'app', scopes, expiresAt: '2099-12-31T00:00:00Z' },
  })
  expect([code, body.apiKey?.scopes]).toEqual([200, scopes])
  return { id: body.apiKey.id, key: body.key }
}
const exchange = (apiKey: string) => network.rest('POST /v1/auth/token', { body: { apiKey } })
const tokenWith = async (...scopes: string[]): Promise<string> => {
  const { key } = await createKey(...scopes)
  return (await exchange(key)).body.accessToken
}
const missing = (scope: string) => ({
  status: 403,
  body: { code: 7, details: [{ reason: 'SCOPE_MISSING', metadata: { scope } }] },
})

describe('an application', () => {
  test('reads what is private to its user with prompts:read, through all services, and writes nothing', async () => {
    const token = await tokenWith('PROMPTS_READ')
    const read = await network.rest(`GET ${prompt}`, { token })
    expect(read.body).toMatchObject({ prompt: { content: 'Secret {{x}}' }, access: { kind: 'OWNER' } })
    // The version service asks the prompt service, and with the application's token.
    const old = await network.rest(`GET ${version}`, { token })
    expect(old.body).toMatchObject({ version: { content: 'Secret {{x}}' } })
    const stats = await network.rest(`GET ${prompt.replace('/v1/', '/v1/analytics/')}`, { token })
    expect(stats.status).toBe(200)
    const body = { title: 'Mine now', content: 'x' }
    expect(await network.rest(`PATCH ${prompt}`, { token, body })).toMatchObject(missing('PROMPTS_WRITE'))
    expect(await network.rest('POST /v1/prompts', { token, body })).toMatchObject(missing('PROMPTS_WRITE'))
    expect(await network.rest(`DELETE ${prompt}`, { token })).toMatchObject(missing('PROMPTS_WRITE'))
    expect((await network.rest(`GET ${prompt}`, { token })).body.prompt.title).toBe('Secret')
  })

  test('writes with prompts:write, in its user’s name', async () => {
    const token = await tokenWith('PROMPTS_WRITE')
    const created = await network.rest('POST /v1/prompts', { token, body: { title: 'By an app', content: 'x' } })
    expect(created.body.prompt).toMatchObject({ userId: ann.id, username: 'ann' })
    const path = `/v1/prompts/${created.body.prompt.id}`
    await network.rest(`PATCH ${path}`, { token, body: { title: 'Changed' } })
    await network.processAll()
    // The version service changes it through the prompt service, with the application's token.
    const restored = await network.rest(`POST ${path}/versions/1:restore`, { token, body: {} })
    expect(restored).toMatchObject({ status: 200, body: { prompt: { title: 'By an app', version: 3 } } })
    expect(await network.rest(`GET ${prompt}`, { token })).toMatchObject(missing('PROMPTS_READ'))
  })

  test('sees nothing that is private to somebody else', async () => {
    const ben = await network.signUp()
    const body = { name: 'app', scopes: ['PROMPTS_READ'] }
    const { key } = (await network.rest('POST /v1/api-keys', { token: ben.token, body })).body
    const token = (await exchange(key)).body.accessToken
    for (const path of [prompt, version]) expect((await network.rest(`GET ${path}`, { token })).status).toBe(404)
  })

  test('gets what anyone gets where no scope is named, and does not change its user’s account', async () => {
    const token = await tokenWith('PROMPTS_READ', 'PROMPTS_WRITE', 'TESTS_RUN', 'MARKET')
    const profile = await network.rest(`GET /v1/users/${ann.id}`, { token })
    expect(profile).toMatchObject({ status: 200, body: { user: { username: 'ann' } } })
    expect(profile.body.user.email).toBeUndefined()
    for (const [request, body] of [
      ['GET /v1/users/me'],
      ['PATCH /v1/users/me', { bio: 'mine now' }],
      ['POST /v1/auth/logout', { all: true }],
      ['GET /v1/api-keys'],
      ['POST /v1/api-keys', { name: 'another', scopes: ['MARKET'] }],
    ] as const) {
      expect(await network.rest(request, { token, body })).toMatchObject({
        status: 403,
        body: { details: [{ reason: 'NOT_ALLOWED' }] },
      })
    }
  })

  test('can do nothing more with a key that was revoked, within 5 s not even with its tokens; its user sees when it was used', async () => {
    const { id, key } = await createKey('PROMPTS_READ')
    const { accessToken: token } = (await exchange(key)).body
    const other = await tokenWith('PROMPTS_READ')
    const read = (as: string, path: string) => network.rest(`GET ${path}`, { token: as })
    for (const path of [prompt, version]) expect((await read(token, path)).status).toBe(200)
    const revoked = await network.rest(`POST /v1/api-keys/${id}:revoke`, { token: ann.token, body: {} })
    expect(revoked.body.apiKey).toMatchObject({ id, prefix: key.slice(0, 11), lastUsedAt: expect.any(String) })
    expect(await exchange(key)).toMatchObject({ status: 401, body: { details: [{ reason: 'API_KEY_INVALID' }] } })
    const { apiKeys } = (await network.rest('GET /v1/api-keys?page_size=2', { token: ann.token })).body
    expect(apiKeys[1]).toEqual(revoked.body.apiKey)
    for (const path of [prompt, version]) {
      await until('the token to be refused', async () => (await read(token, path)).status === 401, 5000)
      expect((await read(other, path)).status).toBe(200)
    }
  })
})
