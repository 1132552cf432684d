import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { waitAfter } from '../db/sign-in-failures.ts'
import { attemptOf } from '../sign-in.ts'
import { PASSWORD, startUserService, type UserTest } from './harness.ts'

const THIEF = '192.0.2.66'
const OWNER = '192.0.2.1'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const failFrom = (address: string, name: string) => rejection(service.loginFrom(address, name, 'wrong'))
const failuresOf = async (name: string, address: string) => {
  const { account } = attemptOf(name, address)
  const text = 'select failures from sign_in_failures where account = $1 and address = $2'
  return (await service.database.query<{ failures: number }>(text, [account, address]))[0]?.failures
}
test('two failures cost nothing; then the wait doubles, to 30 seconds at the most', async () => {
  const waits = await service.database.query<{ seconds: number }>(
    `select extract(epoch from ${waitAfter('n')})::integer as seconds from unnest(array[1,2,3,4,5,6,7,8,9,1000000]) n`,
  )
  expect(waits.map(({ seconds }) => seconds)).toEqual([0, 0, 1, 2, 4, 8, 16, 30, 30, 30])
})

test('after three failures even the right password has to wait, and is told for how long', async () => {
  await service.person('ann')
  for (let i = 0; i < 3; i++) expect(await failFrom(THIEF, 'ann')).toMatchObject({ reason: 'CREDENTIALS_INVALID' })
  await service.lengthenWaits()
  const error = await rejection(service.loginFrom(THIEF, 'ann'))
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'SIGN_IN_SLOWED' })
  expect(error.retryAfterMs).toBeGreaterThan(0)
  expect(error.retryAfterMs).toBeLessThanOrEqual(60_000)
  await service.letAMinutePass()
  await service.loginFrom(THIEF, 'ann')
})

test('an unknown account slows down just so', async () => {
  for (let i = 0; i < 3; i++) expect(await failFrom(THIEF, 'nobody')).toMatchObject({ reason: 'CREDENTIALS_INVALID' })
  await service.lengthenWaits()
  expect(await failFrom(THIEF, 'nobody')).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
})

test('a try that has to wait does not make the wait longer', async () => {
  for (let i = 0; i < 3; i++) await failFrom(THIEF, 'patient')
  await service.lengthenWaits()
  for (let i = 0; i < 5; i++) expect(await failFrom(THIEF, 'patient')).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
  expect(await failuresOf('patient', THIEF)).toBe(3)
})

test('a stranger slows down nobody but themselves', async () => {
  await service.person('victim')
  for (let i = 0; i < 12; i++) {
    await failFrom(THIEF, 'victim')
    await service.letAMinutePass()
  }
  expect(await failuresOf('victim', THIEF)).toBe(12)
  await failFrom(THIEF, 'victim')
  expect(await failFrom(THIEF, 'victim')).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
  await service.loginFrom(OWNER, 'victim')
  expect(await failFrom(THIEF, 'victim')).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
})

test('a success makes the next failures free again', async () => {
  await service.person('clumsy')
  for (let i = 0; i < 2; i++) await failFrom(OWNER, 'clumsy')
  await service.loginFrom(OWNER, 'clumsy')
  expect(await failuresOf('clumsy', OWNER)).toBeUndefined()
  for (let i = 0; i < 3; i++) expect(await failFrom(OWNER, 'clumsy')).toMatchObject({ reason: 'CREDENTIALS_INVALID' })
})

test('many tries at once get through no faster: when it is time, one is looked at', async () => {
  await service.person('target')
  for (let i = 0; i < 4; i++) {
    await failFrom(THIEF, 'target')
    await service.letAMinutePass()
  }
  const errors = await Promise.all(Array.from({ length: 20 }, () => failFrom(THIEF, 'target')))
  expect(errors.filter(({ reason }) => reason === 'CREDENTIALS_INVALID')).toHaveLength(1)
  expect(errors.filter(({ reason }) => reason === 'SIGN_IN_SLOWED')).toHaveLength(19)
  expect(await failuresOf('target', THIEF)).toBe(5)
})

test('many first tries at once are no more than three free ones, and what the time since allows', async () => {
  await service.person('unguessed')
  const begun = performance.now()
  const errors = await Promise.all(Array.from({ length: 34 }, () => failFrom(THIEF, 'unguessed')))
  const looked = errors.filter(({ reason }) => reason === 'CREDENTIALS_INVALID').length
  expect(looked).toBeGreaterThanOrEqual(3)
  expect(looked).toBeLessThanOrEqual(service.triesAllowedSince(begun))
  expect(errors.filter(({ reason }) => reason === 'SIGN_IN_SLOWED')).toHaveLength(34 - looked)
  expect(await failuresOf('unguessed', THIEF)).toBe(looked)
})

test('all addresses of an IPv6 network are one', async () => {
  for (let i = 0; i < 3; i++) await failFrom(`2001:db8::${i}`, 'ann')
  await service.lengthenWaits()
  expect(await failFrom('2001:db8::ffff', 'ann')).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
})

test('what a client says of its own address does not count', async () => {
  const direct = () => rejection(service.auth.login({ login: 'direct', password: 'wrong' }))
  for (let i = 0; i < 3; i++) await direct()
  await service.lengthenWaits()
  expect(await direct()).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
  expect(await failuresOf('direct', '127.0.0.1')).toBe(3)
})

test('it holds for all replicas', async () => {
  const replica = await startUserService({ database: service.database })
  await service.person('everywhere')
  for (let i = 0; i < 3; i++) await failFrom(THIEF, 'everywhere')
  await service.lengthenWaits()
  const error = await rejection(replica.loginFrom(THIEF, 'everywhere'))
  expect(error).toMatchObject({ reason: 'SIGN_IN_SLOWED' })
  await replica.stop()
})

test('signing in many times at once is no failure', async () => {
  await service.person('busy')
  const sessions = await Promise.all(
    Array.from({ length: 20 }, () => service.auth.login({ login: 'busy', password: PASSWORD })),
  )
  expect(new Set(sessions.map(({ tokens }) => tokens!.refreshToken)).size).toBe(20)
})
