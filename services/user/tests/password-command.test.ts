import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { passwordCommand } from '../set-password.ts'
import { PASSWORD, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const setPassword = (email: string, input: string) =>
  passwordCommand(service.service.context, Readable.from([input])).password([email])

const login = (username: string, password: string) => service.auth.login({ login: username, password })

test('password gives an account the first line of its input as password, and ends its sessions', async () => {
  const ann = await service.person('ann')
  expect(await setPassword('ann@example.org', 'a new passwort café\nno more')).toEqual({
    userId: ann.id,
    username: 'ann',
  })
  expect((await login('ann', 'a new passwort café'.normalize('NFD'))).user!.id).toBe(ann.id)
  expect(await rejection(login('ann', PASSWORD))).toMatchObject({ reason: 'CREDENTIALS_INVALID' })
  const { refreshToken } = ann.tokens
  expect(await rejection(service.auth.refreshToken({ refreshToken }))).toMatchObject({
    reason: 'REFRESH_TOKEN_INVALID',
  })
})

test.each([
  ['is too short', 'sevench', 'password: must be at least 8 characters'],
  ['is too long', 'é'.repeat(37), 'password: must be at most 72 bytes'],
  ['is too long only as it is read', '½'.repeat(20), 'password: must be at most 72 bytes'],
])('password refuses one that %s, as the contract says, and changes nothing', async (what, password, message) => {
  const username = `ben${what.length}`
  await service.person(username)
  await expect(setPassword(`${username}@example.org`, password)).rejects.toThrow(message)
  expect((await login(username, PASSWORD)).user!.username).toBe(username)
})

test('password needs the address of an account', async () => {
  await expect(setPassword('nobody@example.org', 'a new password')).rejects.toThrow('no account in use')
})
