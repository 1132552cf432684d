import { status } from '@grpc/grpc-js'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { Policy_Scope as Scope } from '#contracts/gen/promptforge/access/v1/access.ts'
import { makeApiKey } from '../api-keys.ts'
import { hashOfToken } from '../sessions.ts'
import { startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const exchange = (apiKey: string, at = service) => at.auth.exchangeApiKey({ apiKey })
const set = (keyId: string, assignments: string) =>
  service.database.query(`update api_keys set ${assignments} where id = $1`, [keyId])
const lastUse = async (keyId: string) => {
  const rows = await service.database.query<{ at: Date | null; xmin: string }>(
    'select last_used_at as at, xmin::text from api_keys where id = $1',
    [keyId],
  )
  return rows[0]!
}
const refusal = async (apiKey: string) => {
  const { metadata, ...error } = await rejection(exchange(apiKey))
  return { ...error, metadata: { ...metadata, request_id: undefined } }
}

describe('ExchangeApiKey', () => {
  test('gives an access token of 15 minutes for the key’s user, with the key and its scopes', async () => {
    const ann = await service.person('ann')
    const { id, key } = await service.apiKeyOf(ann, { scopes: [Scope.PROMPTS_READ, Scope.MARKET] })
    const before = Date.now()
    const { accessToken, accessTokenExpiresAt } = await exchange(key)
    const claims = decodeJwt(accessToken)
    expect(claims).toMatchObject({
      sub: ann.id,
      username: 'ann',
      role: 'USER',
      client_id: id,
      scope: 'prompts:read market',
    })
    expect(claims.exp! - claims.iat!).toBe(900)
    expect(Math.abs(accessTokenExpiresAt!.getTime() - before - 900_000)).toBeLessThan(60_000)
  })

  test('reads name and role anew each time', async () => {
    const bea = await service.person('bea')
    const { key } = await service.apiKeyOf(bea)
    await service.users.updateUser({ userId: 'me', username: 'beate' }, bea.as)
    await service.set(bea.id, { role: 'MODERATOR' })
    expect(decodeJwt((await exchange(key)).accessToken)).toMatchObject({ username: 'beate', role: 'MODERATOR' })
  })

  test('gives no token that lasts longer than the key', async () => {
    const expiresAt = new Date(Date.now() + 120_000)
    const { key } = await service.apiKeyOf(await service.person('carl'), { expiresAt })
    const { accessToken, accessTokenExpiresAt } = await exchange(key)
    expect(accessTokenExpiresAt).toEqual(expiresAt)
    expect(decodeJwt(accessToken).exp).toBe(Math.floor(expiresAt.getTime() / 1000))
  })

  test('gives each replica of an application a token for the one key, at every replica of ours', async () => {
    const replica = await startUserService({ database: service.database })
    const { key } = await service.apiKeyOf(await service.person('dora'))
    const answers = await Promise.all([service, replica, service, replica].map((one) => exchange(key, one)))
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(4)
    for (const { accessToken } of answers) {
      await replica.users.getUser({ userId: decodeJwt(accessToken).sub! }, { token: accessToken })
    }
    await replica.stop()
  })

  test('gives one and the same refusal for every key that cannot be exchanged', async () => {
    const [eve, gone] = [await service.person('eve'), await service.person('gone')]
    const [expired, revoked, ofNobody] = [
      await service.apiKeyOf(eve),
      await service.apiKeyOf(eve),
      await service.apiKeyOf(gone),
    ]
    await set(expired.id, 'expires_at = now()')
    await service.apiKeys.revokeApiKey({ keyId: revoked.id }, eve.as)
    await service.set(gone.id, { status: 'DEACTIVATED' })
    const malformed = ['x', 'pf_', `${revoked.key}x`, `${revoked.key.slice(0, -1)}!`, eve.tokens.refreshToken]
    const unknown = await refusal(makeApiKey())
    expect(unknown).toMatchObject({
      code: status.UNAUTHENTICATED,
      reason: 'API_KEY_INVALID',
      message: 'the API key is malformed, unknown, expired or revoked: make a new one',
    })
    for (const key of [expired.key, revoked.key, ofNobody.key, ...malformed]) {
      expect(await refusal(key)).toEqual(unknown)
    }
  })

  test('does not ask the database about a key whose check digits are wrong', async () => {
    const { key } = await service.apiKeyOf(await service.person('finn'))
    const misread = key.slice(0, -1) + (key.endsWith('x') ? 'y' : 'x')
    // A row that such a key would find.
    await service.database.query('update api_keys set hash = $2 where hash = $1', [
      hashOfToken(key),
      hashOfToken(misread),
    ])
    expect(await refusal(misread)).toMatchObject({ reason: 'API_KEY_INVALID' })
  })

  test('notes when a key was used, at most once a minute however many use it at once', async () => {
    const gil = await service.person('gil')
    const { id, key } = await service.apiKeyOf(gil)
    const uses = () => Promise.all(Array.from({ length: 20 }, () => exchange(key)))
    await uses()
    const first = await lastUse(id)
    expect(Math.abs(first.at!.getTime() - Date.now())).toBeLessThan(60_000)
    await uses()
    expect(await lastUse(id)).toEqual(first)
    await set(id, `last_used_at = now() - interval '59 seconds'`)
    const recent = await lastUse(id)
    await exchange(key)
    expect(await lastUse(id)).toEqual(recent)
    await set(id, `last_used_at = now() - interval '61 seconds'`)
    const old = await lastUse(id)
    await uses()
    expect((await lastUse(id)).at!.getTime()).toBeGreaterThan(old.at!.getTime())
    const { apiKeys } = await service.apiKeys.listApiKeys({ pageSize: 0, pageToken: '' }, gil.as)
    expect(apiKeys[0]!.lastUsedAt).toEqual((await lastUse(id)).at)
  })

  test('does not wait for somebody who holds the key’s row', async () => {
    const { id, key } = await service.apiKeyOf(await service.person('hal'))
    const { query } = service.database
    await query('begin')
    try {
      await query('select from api_keys where id = $1 for update', [id])
      await exchange(key)
    } finally {
      await query('rollback')
    }
    await until('the use to be noted', async () => {
      await exchange(key)
      return (await lastUse(id)).at !== null
    })
  })

  test('needs a key of 1 to 200 characters', async () => {
    for (const apiKey of ['', 'a'.repeat(201)]) {
      expect(await rejection(exchange(apiKey))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        violations: [{ field: 'api_key' }],
      })
    }
  })
})

test('an API key is no access token, and no refresh token', async () => {
  const { key } = await service.apiKeyOf(await service.person('ida'))
  const asToken = await rejection(service.users.getUser({ userId: 'me' }, { token: key }))
  expect(asToken).toMatchObject({ reason: 'TOKEN_INVALID' })
  const asRefresh = await rejection(service.auth.refreshToken({ refreshToken: key }))
  expect(asRefresh).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
})

test('a token made from an API key makes no other key, ends no session and changes no account', async () => {
  const jon = await service.person('jon')
  const { id, key } = await service.apiKeyOf(jon, {
    scopes: [Scope.PROMPTS_READ, Scope.PROMPTS_WRITE, Scope.TESTS_RUN, Scope.MARKET],
  })
  const as = { token: (await exchange(key)).accessToken }
  const attempts = [
    service.apiKeyOf({ as }),
    service.apiKeys.listApiKeys({ pageSize: 0, pageToken: '' }, as),
    service.apiKeys.revokeApiKey({ keyId: id }, as),
    service.auth.logout({ session: { $case: 'all', value: true } }, as),
    service.users.updateUser({ userId: 'me', bio: 'mine now' }, as),
    service.users.getUser({ userId: 'me' }, as),
  ]
  for (const attempt of attempts) {
    expect(await rejection(attempt)).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'NOT_ALLOWED' })
  }
  // Anyone's answer, without the e-mail address.
  expect((await service.users.getUser({ userId: jon.id }, as)).user).toMatchObject({ email: undefined })
  await service.refresh(jon)
})
