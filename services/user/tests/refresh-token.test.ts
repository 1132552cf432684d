import { status } from '@grpc/grpc-js'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { hashOfToken } from '../sessions.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const refused = (person: Pick<Person, 'tokens'>) => rejection(service.refresh(person))
const next = async (person: Person): Promise<Person> => ({ ...person, tokens: (await service.refresh(person)).tokens! })
/** Lets the time pass in which a used token may come again. */
const letGracePass = ({ tokens }: Pick<Person, 'tokens'>) =>
  service.database.query(
    `update refresh_tokens set rotated_at = rotated_at - interval '11 seconds' where token_hash = $1`,
    [hashOfToken(tokens.refreshToken)],
  )
const familyOf = async (refreshToken: string) => {
  const text = `select * from refresh_tokens where family_id = (select family_id from refresh_tokens where token_hash = $1)`
  return service.database.query<{ revoked_at: Date | null }>(text, [hashOfToken(refreshToken)])
}

describe('RefreshToken', () => {
  test('gives new tokens, of the same session', async () => {
    const ann = await service.person('ann')
    const later = await next(ann)
    expect(later.tokens.refreshToken).not.toBe(ann.tokens.refreshToken)
    expect(decodeJwt(later.tokens.accessToken).jti).not.toBe(decodeJwt(ann.tokens.accessToken).jti)
    expect(await familyOf(later.tokens.refreshToken)).toHaveLength(2)
    await service.users.getUser({ userId: 'me' }, { token: later.tokens.accessToken })
  })

  test('reads role and username anew', async () => {
    const bob = await service.person('bob')
    await service.users.updateUser({ userId: 'me', username: 'robert' }, bob.as)
    await service.set(bob.id, { role: 'MODERATOR' })
    const { tokens } = await next(bob)
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ sub: bob.id, username: 'robert', role: 'MODERATOR' })
  })

  test('ends every session that descends from a token that comes again, and no other', async () => {
    const carl = await service.person('carl')
    const other = await service.auth.login({ login: 'carl', password: 'correct horse' })
    const second = await next(carl)
    const third = await next(second)
    expect(await refused(carl)).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'REFRESH_TOKEN_REUSED' })
    expect(await refused(third)).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'REFRESH_TOKEN_INVALID' })
    expect(await refused(second)).toMatchObject({ reason: 'REFRESH_TOKEN_REUSED' })
    await service.refresh({ tokens: other.tokens! })
  })

  test('gives all who use a token at once, in two tabs or after a lost answer, the same new one', async () => {
    for (let round = 0; round < 5; round++) {
      const person = await service.person(`racer${round}`)
      const answers = await Promise.all(Array.from({ length: 8 }, () => service.refresh(person)))
      answers.push(await service.refresh(person))
      expect(new Set(answers.map(({ tokens }) => tokens!.refreshToken)).size).toBe(1)
      expect(new Set(answers.map(({ tokens }) => tokens!.refreshTokenExpiresAt!.getTime())).size).toBe(1)
      expect(await familyOf(person.tokens.refreshToken)).toHaveLength(2)
      await service.refresh({ tokens: answers.at(-1)!.tokens! })
    }
  })

  test('ends the session when a token comes again later, though its successor was not used', async () => {
    const person = await service.person('late')
    const later = await next(person)
    await letGracePass(person)
    expect(await refused(person)).toMatchObject({ reason: 'REFRESH_TOKEN_REUSED' })
    expect(await refused(later)).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
  })

  test('gives the same new one at every replica', async () => {
    const replica = await startUserService({ database: service.database })
    const person = await service.person('replicated')
    const answers = await Promise.all([service, replica, service, replica].map((one) => one.refresh(person)))
    expect(new Set(answers.map(({ tokens }) => tokens!.refreshToken)).size).toBe(1)
    expect(await familyOf(person.tokens.refreshToken)).toHaveLength(2)
    await replica.refresh({ tokens: answers[0]!.tokens! })
    await replica.stop()
  })

  test('gives nothing for a token that comes again after its session was signed out', async () => {
    const person = await service.person('leaving')
    const later = await next(person)
    await service.auth.logout({ session: { $case: 'refreshToken', value: later.tokens.refreshToken } }, person.as)
    expect(await refused(person)).toMatchObject({ reason: 'REFRESH_TOKEN_REUSED' })
    expect(await refused(later)).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
  })

  test('gives nothing for a token that comes again when the account is closed', async () => {
    const person = await service.person('closed')
    await next(person)
    await service.set(person.id, { status: 'DEACTIVATED' })
    expect(await refused(person)).toMatchObject({ code: status.UNAUTHENTICATED })
  })

  test('ends a session also while it goes on with the newest token', async () => {
    const eve = await service.person('eve')
    let newest = await next(eve)
    await letGracePass(eve)
    const theft = refused(eve)
    const going = async () => {
      for (;;) newest = await next(newest)
    }
    await going().catch(() => undefined)
    expect(await theft).toMatchObject({ reason: 'REFRESH_TOKEN_REUSED' })
    const family = await familyOf(eve.tokens.refreshToken)
    expect(family.filter(({ revoked_at }) => revoked_at === null)).toEqual([])
  })

  test('refuses a token that has expired, that nobody was given, and an access token', async () => {
    const dora = await service.person('dora')
    await service.database.query('update refresh_tokens set expires_at = now() where user_id = $1', [dora.id])
    for (const refreshToken of [dora.tokens.refreshToken, 'made up', dora.tokens.accessToken.slice(0, 200)]) {
      const error = await rejection(service.auth.refreshToken({ refreshToken }))
      expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'REFRESH_TOKEN_INVALID' })
      expect(error.message).not.toContain(refreshToken)
    }
  })

  test('takes a refresh token for nothing else', async () => {
    const fred = await service.person('fred')
    const error = await rejection(service.users.getUser({ userId: 'me' }, { token: fred.tokens.refreshToken }))
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_INVALID' })
  })

  test('needs a token of 1 to 200 characters', async () => {
    for (const refreshToken of ['', 'a'.repeat(201)]) {
      const error = await rejection(service.auth.refreshToken({ refreshToken }))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'refresh_token' }] })
    }
  })
})
