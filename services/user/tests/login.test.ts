import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { createPasswords, type Passwords } from '../passwords.ts'
import { PASSWORD, type Person, startUserService, type UserTest } from './harness.ts'

const real = createPasswords({ cost: 4, parallel: 2 })
const verified: (string | undefined)[] = []
// The real thing, with a note of what it was asked.
const passwords: Passwords = {
  ...real,
  inTurn: (network, signal, work) =>
    real.inTurn(network, signal, (hashing) => {
      const verify = (password: string, hash: string | undefined) => {
        verified.push(hash)
        return hashing.verify(password, hash)
      }
      return work({ ...hashing, verify })
    }),
}

let service: UserTest
let ann: Person

beforeAll(async () => {
  service = await startUserService({ overrides: { context: { passwords } } })
  ann = await service.person('ann')
})
afterAll(() => service.stop())
beforeEach(() => {
  verified.length = 0
})

const login = (name: string, password = PASSWORD) => service.auth.login({ login: name, password })
const failure = (name: string, password = 'wrong') => rejection(login(name, password))
const stored = async (userId: string) =>
  (await service.database.query<{ password: string }>('select password from users where id = $1', [userId]))[0]!

describe('Login', () => {
  test.each(['ann', 'ANN', 'ann@example.org', 'Ann@Example.ORG'])('signs %s in', async (name) => {
    const { user, tokens } = await login(name)
    expect(user).toEqual(ann.user)
    const own = await service.users.getUser({ userId: 'me' }, { token: tokens!.accessToken })
    expect(own.user).toMatchObject({ id: ann.id, email: 'ann@example.org' })
    expect(await service.refresh({ tokens: tokens! })).toMatchObject({ tokens: { accessToken: expect.any(String) } })
  })

  test('says the same of an unknown account, a wrong password and a deactivated account', async () => {
    const gone = await service.person('gone')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    const failures = [
      await failure('nobody@example.org', PASSWORD),
      await failure('nobody', PASSWORD),
      await failure('ann'),
      await failure('gone', PASSWORD),
    ]
    const said = failures.map(({ code, reason, message, violations }) => ({ code, reason, message, violations }))
    expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1)
    expect(said[0]).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'CREDENTIALS_INVALID' })
    expect(said[0]!.message).not.toMatch(/nobody|ann|example/)
  })

  test('checks one hash, whether there is such an account or not', async () => {
    await failure('unknown@example.org')
    expect(verified).toEqual([undefined])
    await failure('ann@example.org')
    expect(verified).toHaveLength(2)
    expect(verified[1]).toBe((await stored(ann.id)).password)
  })

  test('starts a session that a deactivated user cannot go on with', async () => {
    const leaver = await service.person('leaver')
    await service.set(leaver.id, { status: 'DEACTIVATED' })
    const error = await rejection(service.refresh(leaver))
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'ACCOUNT_DEACTIVATED' })
  })

  test('gives a password that was hashed at another cost a new hash', async () => {
    const { id } = await service.person('veteran')
    const { inTurn } = createPasswords({ cost: 5, parallel: 1 })
    const old = await inTurn('192.0.2.1', new AbortController().signal, ({ hash }) => hash(PASSWORD))
    await service.set(id, { password: old })
    await login('veteran')
    const { password } = await stored(id)
    expect(password).toMatch(/^\$2b\$04/)
    await login('veteran')
    expect(await stored(id)).toEqual({ password })
  })

  test.each([
    ['login', { login: '' }],
    ['login', { login: 'a'.repeat(101) }],
    ['password', { password: '' }],
    ['password', { password: 'ä'.repeat(37) }],
  ])('refuses a bad %s before any hash: %j', async (field, fields) => {
    const error = await rejection(service.auth.login({ login: 'ann', password: PASSWORD, ...fields }))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
    expect(error.message).not.toContain(PASSWORD)
    expect(verified).toEqual([])
  })
})
