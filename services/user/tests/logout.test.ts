import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { PASSWORD, type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest
let ann: Person
let bob: Person

beforeAll(async () => {
  service = await startUserService()
  ann = await service.person('ann')
  bob = await service.person('bob')
})
afterAll(() => service.stop())

const signIn = async () => (await service.auth.login({ login: 'ann', password: PASSWORD })).tokens!
const logout = (refreshToken: string, { as }: Person) =>
  service.auth.logout({ session: { $case: 'refreshToken', value: refreshToken } }, as)
const logoutAll = ({ as }: Person) => service.auth.logout({ session: { $case: 'all', value: true } }, as)

describe('Logout', () => {
  test('ends the session that a refresh token belongs to, whichever of its tokens that is', async () => {
    const [kept, ended] = [await signIn(), await signIn()]
    const { tokens } = await service.auth.refreshToken({ refreshToken: ended.refreshToken })
    expect(await logout(ended.refreshToken, ann)).toEqual({})
    expect(await rejection(service.refresh({ tokens: tokens! }))).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
    await service.refresh({ tokens: kept })
  })

  test('ends every session of the caller, and nobody else’s', async () => {
    const sessions = [await signIn(), await signIn()]
    expect(await logoutAll(ann)).toEqual({})
    for (const tokens of sessions) {
      expect(await rejection(service.refresh({ tokens }))).toMatchObject({ reason: 'REFRESH_TOKEN_INVALID' })
    }
    await service.refresh(bob)
  })

  test('is no error for a session that is somebody else’s, unknown or ended, and leaves it as it is', async () => {
    const tokens = await signIn()
    for (const token of [tokens.refreshToken, 'made up']) expect(await logout(token, bob)).toEqual({})
    const { tokens: next } = await service.refresh({ tokens })
    for (let i = 0; i < 2; i++) expect(await logout(next!.refreshToken, ann)).toEqual({})
  })

  test('leaves no session to a refresh that runs at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const tokens = await signIn()
      const refreshing = service.refresh({ tokens }).catch(() => undefined)
      await logoutAll(ann)
      const outcome = await refreshing
      const left = outcome ? await rejection(service.refresh({ tokens: outcome.tokens! })) : undefined
      expect(left?.reason ?? 'REFRESH_TOKEN_INVALID').toBe('REFRESH_TOKEN_INVALID')
    }
  })

  test('needs a user, and exactly one of a session and all', async () => {
    const nobody = await rejection(service.auth.logout({ session: { $case: 'all', value: true } }))
    expect(nobody).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' })
    for (const session of [undefined, { $case: 'all', value: false }] as const) {
      const error = await rejection(service.auth.logout({ session }, ann.as))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT })
    }
  })
})
