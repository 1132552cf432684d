import { status } from '@grpc/grpc-js'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { TEST_AUTH } from '#chassis/testing/identity.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { User_Role, User_Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import { hashOfToken } from '../sessions.ts'
import { PASSWORD, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const request = (username: string, fields: object = {}) => ({
  username,
  email: `${username}@example.org`,
  password: PASSWORD,
  firstName: '',
  lastName: '',
  ...fields,
})
const refused = (username: string, fields: object = {}) => rejection(service.auth.register(request(username, fields)))
const stored = (username: string) =>
  service.database.query<Record<string, unknown>>('select * from users where username = $1', [username])

describe('Register', () => {
  test('makes an account and signs it in', async () => {
    const { user, tokens } = await service.auth.register(request('Ann', { firstName: 'Ann', lastName: 'Äß 🍏' }))
    expect(user).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      username: 'Ann',
      email: 'Ann@example.org',
      firstName: 'Ann',
      lastName: 'Äß 🍏',
      bio: '',
      role: User_Role.USER,
      status: User_Status.ACTIVE,
      followersCount: 0,
      followingCount: 0,
      createdAt: expect.any(Date),
      etag: '1',
    })
    const own = await service.users.getUser({ userId: 'me' }, { token: tokens!.accessToken })
    expect(own).toEqual({ user })
  })

  test('stores the password as a bcrypt hash, the refresh token as a SHA-256, and null for what is not given', async () => {
    const { tokens } = await service.auth.register(request('stored'))
    const [row] = await stored('stored')
    expect(row).toMatchObject({ first_name: null, last_name: null, bio: null, updated_at: null, role: 'USER' })
    expect(row!['password']).toMatch(/^\$2b\$04\$.{53}$/)
    const sessions = await service.database.query('select * from refresh_tokens where user_id = $1', [row!['id']])
    expect(sessions).toMatchObject([{ token_hash: hashOfToken(tokens!.refreshToken), rotated_at: null }])
  })

  test('answers with an access token of 15 minutes, and a refresh token of 256 random bits and 30 days', async () => {
    const before = Math.floor(Date.now() / 1000)
    const { user, tokens } = await service.auth.register(request('claims'))
    const claims = decodeJwt(tokens!.accessToken)
    expect(claims).toEqual({
      iss: TEST_AUTH.issuer,
      aud: TEST_AUTH.audience,
      sub: user!.id,
      username: 'claims',
      role: 'USER',
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: claims.iat! + 900,
    })
    expect(claims.iat).toBeGreaterThanOrEqual(before)
    expect(Math.floor(tokens!.accessTokenExpiresAt!.getTime() / 1000)).toBe(claims.exp)
    expect(Buffer.from(tokens!.refreshToken, 'base64url')).toHaveLength(32)
    expect(tokens!.refreshTokenExpiresAt!.getTime() / 1000).toBeCloseTo(claims.iat! + 30 * 86_400, -1)
  })

  test.each([
    ['username', 'USERNAME_TAKEN', 'TAKEN', { email: 'other@example.org' }],
    ['email', 'EMAIL_TAKEN', 'other', { email: 'TAKEN@example.ORG' }],
  ])('refuses a %s that somebody has, whatever its case', async (field, reason, username, fields) => {
    await service.auth.register(request('taken')).catch(() => undefined)
    const error = await refused(username, fields)
    expect(error).toMatchObject({ code: status.ALREADY_EXISTS, reason, metadata: { field } })
    expect(error.message).not.toMatch(/example/)
    expect(await stored(username)).toEqual([])
  })

  test('takes names that look alike in some typeface, as the README says: they are different names', async () => {
    const lena = await service.auth.register(request('lena'))
    const other = await service.auth.register(request('Iena'))
    expect(other.user!.id).not.toBe(lena.user!.id)
    expect(await refused('LENA', { email: 'third@example.org' })).toMatchObject({ reason: 'USERNAME_TAKEN' })
    // A letter of another script.
    expect((await refused('l\u0435na', { email: 'fourth@example.org' })).violations).toMatchObject([
      { field: 'username' },
    ])
  })

  test('makes one account of many that ask for the same name at once', async () => {
    const attempts = ['racer', 'Racer', 'RACER'].flatMap((username, i) => [
      service.auth.register(request(username, { email: `a${i}@example.org` })),
      service.auth.register(request(username, { email: `b${i}@example.org` })),
    ])
    const outcomes = await Promise.allSettled(attempts)
    expect(outcomes.filter(({ status: outcome }) => outcome === 'fulfilled')).toHaveLength(1)
    expect(await service.database.query(`select from users where lower(username) = 'racer'`)).toHaveLength(1)
  })

  test.each([
    ['username', { username: 'ab' }],
    ['username', { username: 'a'.repeat(51) }],
    ['username', { username: 'naïve' }],
    ['email', { email: 'nobody' }],
    ['email', { email: `${'a'.repeat(64)}@${'b'.repeat(33)}.org` }],
    ['password', { password: 'ä'.repeat(7) }],
    ['password', { password: '👍👍' }],
    ['first_name', { firstName: '\u200b' }],
    ['first_name', { firstName: '\u202etxt' }],
    ['last_name', { lastName: 'two\nlines' }],
    ['password', { password: 'ä'.repeat(37) }],
    ['first_name', { firstName: '🍏'.repeat(51) }],
    ['last_name', { lastName: 'a\0b' }],
  ])('refuses a bad %s: %j', async (field, fields) => {
    const error = await refused('somebody', fields)
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
    expect(await stored('somebody')).toEqual([])
  })

  test('counts a password in bytes and a name in characters', async () => {
    await service.auth.register(request('x'.repeat(50), { password: 'ä'.repeat(36), firstName: '🍏'.repeat(50) }))
    const { user } = await service.auth.login({ login: 'X'.repeat(50), password: 'ä'.repeat(36) })
    expect(user!.firstName).toBe('🍏'.repeat(50))
  })
})
