import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { loadContract } from '#contracts/contract.ts'
import { Policy_Scope as Scope } from '#contracts/gen/promptforge/access/v1/access.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const list = ({ as }: Person, pageToken = '', pageSize = 0) => service.apiKeys.listApiKeys({ pageSize, pageToken }, as)
const revoke = ({ as }: Person, keyId: string) => service.apiKeys.revokeApiKey({ keyId }, as)
const refused = (person: Person, fields: Parameters<UserTest['apiKeyOf']>[1]) =>
  rejection(service.apiKeyOf(person, fields))
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)

describe('CreateApiKey', () => {
  test('makes a key with what it is for, and shows it this once', async () => {
    const ann = await service.person('ann')
    const scopes = [Scope.PROMPTS_WRITE, Scope.MARKET]
    const expiresAt = inDays(30)
    const { key, ...made } = await service.apiKeyOf(ann, { name: ' my  app ', scopes, expiresAt })
    expect(key).toMatch(/^pf_[0-9A-Za-z]{42}$/)
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      name: 'my  app',
      prefix: key.slice(0, 11),
      scopes,
      createdAt: expect.any(Date),
      expiresAt,
      lastUsedAt: undefined,
      revokedAt: undefined,
    })
    expect(await list(ann)).toEqual({ apiKeys: [made], nextPageToken: '' })
  })

  test('makes another key each time, of the same name too', async () => {
    const bea = await service.person('bea')
    const [first, second] = [await service.apiKeyOf(bea), await service.apiKeyOf(bea)]
    expect(new Set([first.id, second.id, first.key, second.key]).size).toBe(4)
  })

  test.each([
    ['no name', { name: '  ' }, 'name'],
    ['a long name', { name: 'a'.repeat(101) }, 'name'],
    ['no scope', { scopes: [] }, 'scopes'],
    ['a scope twice', { scopes: [Scope.MARKET, Scope.MARKET] }, 'scopes'],
    ['a scope that there is not', { scopes: [99 as Scope] }, 'scopes[0]'],
    ['the zero scope', { scopes: [Scope.UNSPECIFIED] }, 'scopes[0]'],
    ['an end in the past', { expiresAt: inDays(-1) }, 'expires_at'],
    ['an end after the year 2099', { expiresAt: new Date('2100-01-01') }, 'expires_at'],
  ])('refuses %s', async (what, fields, field) => {
    const person = await service.person(`refused-${what.replaceAll(' ', '-')}`)
    expect(await refused(person, fields)).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
    expect((await list(person)).apiKeys).toEqual([])
  })

  test('makes 25 keys for a user and no more, also when they are made at once; those that have ended do not count', async () => {
    const [carl, other] = [await service.person('carl'), await service.person('other')]
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => service.apiKeyOf(carl)))
    // On a busy machine some may have waited too long for the others.
    const made = outcomes.filter((outcome) => outcome.status === 'fulfilled').length
    for (let count = made; count < 25; count++) await service.apiKeyOf(carl)
    expect((await list(carl, '', 100)).apiKeys).toHaveLength(25)
    expect(await refused(carl, {})).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'API_KEYS_EXHAUSTED',
      message: 'you have 25 API keys, which is the most: revoke one',
    })
    await service.apiKeyOf(other)
    const { apiKeys } = await list(carl)
    await revoke(carl, apiKeys[0]!.id)
    await service.apiKeyOf(carl)
    await refused(carl, {})
    await service.database.query('update api_keys set expires_at = now() where id = $1', [apiKeys[1]!.id])
    await service.apiKeyOf(carl)
    await refused(carl, {})
  })

  test('is not for somebody whose account is closed', async () => {
    const gone = await service.person('gone')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    const { code } = await refused(gone, {})
    expect([status.NOT_FOUND, status.UNAUTHENTICATED]).toContain(code)
  })
})

describe('ListApiKeys', () => {
  test('lists one’s own keys, newest first, page by page, each once though others are made meanwhile', async () => {
    const [dora, other] = [await service.person('dora'), await service.person('eve')]
    const names = ['one', 'two', 'three', 'four', 'five']
    for (const name of names) await service.apiKeyOf(dora, { name })
    await service.apiKeyOf(other, { name: 'of somebody else' })
    const seen: string[] = []
    let pageToken = ''
    do {
      const page = await list(dora, pageToken, 2)
      expect(page.apiKeys.length).toBeLessThanOrEqual(2)
      seen.push(...page.apiKeys.map(({ name }) => name))
      pageToken = page.nextPageToken
      await service.apiKeyOf(dora, { name: 'meanwhile' })
    } while (pageToken)
    expect(seen).toEqual(names.toReversed())
  })

  test('refuses the page token of somebody else’s list', async () => {
    const [finn, gil] = [await service.person('finn'), await service.person('gil')]
    for (let i = 0; i < 2; i++) await service.apiKeyOf(finn)
    const { nextPageToken } = await list(finn, '', 1)
    expect(await rejection(list(gil, nextPageToken))).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
  })
})

describe('RevokeApiKey', () => {
  test('ends a key, which stays in the list; a second time changes nothing', async () => {
    const hal = await service.person('hal')
    const [revoked, other] = [await service.apiKeyOf(hal), await service.apiKeyOf(hal)]
    const { apiKey } = await revoke(hal, revoked.id)
    expect(apiKey!.revokedAt).toBeInstanceOf(Date)
    expect(await revoke(hal, revoked.id)).toEqual({ apiKey })
    const { apiKeys } = await list(hal)
    expect(apiKeys.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([
      [other.id, undefined],
      [revoked.id, apiKey!.revokedAt],
    ])
  })

  test('finds no key of somebody else, and none that there is not', async () => {
    const [ida, jon] = [await service.person('ida'), await service.person('jon')]
    const { id, key } = await service.apiKeyOf(ida)
    for (const keyId of [id, jon.id]) {
      expect(await rejection(revoke(jon, keyId))).toMatchObject({ code: status.NOT_FOUND, message: 'no such API key' })
    }
    await service.auth.exchangeApiKey({ apiKey: key })
  })
})

test('no method of an account, of sign-in or of API keys takes an API key', () => {
  const methods = [...loadContract().methods.values()]
  const ofAccounts = methods.filter(({ service: name }) => /^promptforge\.(auth|user)\./.test(name))
  expect(ofAccounts.map(({ name }) => name)).toEqual(expect.arrayContaining(['CreateApiKey', 'UpdateUser', 'Logout']))
  for (const { policy } of ofAccounts) expect(policy!.scope).toBe(Scope.UNSPECIFIED)
})
