import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { User_Role, User_Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest
let admin: Person

beforeAll(async () => {
  service = await startUserService()
  admin = await service.personWithRole('admin', 'ADMIN')
})
afterAll(() => service.stop())

const setRole = (by: Person | undefined, userId: string, role: User_Role) =>
  service.users.setUserRole({ userId, role }, by?.as)
const roleOf = async (userId: string) =>
  (await service.database.query('select role, revision from users where id = $1', [userId]))[0]

describe('SetUserRole', () => {
  test('gives somebody another role, which counts at once where a role is asked for', async () => {
    const ann = await service.person('ann')
    const { user } = await setRole(admin, ann.id, User_Role.MODERATOR)
    expect(user).toMatchObject({ id: ann.id, role: User_Role.MODERATOR, email: 'ann@example.org', etag: '2' })
    expect(await service.internal.checkCaller({}, ann.as)).toEqual({
      role: User_Role.MODERATOR,
      status: User_Status.ACTIVE,
    })
  })

  test('to the role that somebody has changes nothing', async () => {
    const ben = await service.person('ben')
    expect((await setRole(admin, ben.id, User_Role.USER)).user).toMatchObject({ role: User_Role.USER, etag: '1' })
    expect(await roleOf(ben.id)).toEqual({ role: 'USER', revision: 1 })
  })

  test('is for administrators alone, as they are now', async () => {
    const cid = await service.person('cid')
    const moderator = await service.personWithRole('moderator', 'MODERATOR')
    const former = await service.personWithRole('former', 'ADMIN')
    await setRole(admin, former.id, User_Role.USER)
    for (const person of [cid, moderator, former]) {
      expect(await rejection(setRole(person, cid.id, User_Role.ADMIN))).toMatchObject({
        code: status.PERMISSION_DENIED,
        reason: 'NOT_ALLOWED',
      })
    }
    expect(await rejection(setRole(undefined, cid.id, User_Role.ADMIN))).toMatchObject({ reason: 'TOKEN_MISSING' })
    expect(await roleOf(cid.id)).toEqual({ role: 'USER', revision: 1 })
  })

  test.each(['me', 'their id'])('is refused for oneself, by %s, so that an administrator is left', async (name) => {
    expect(await rejection(setRole(admin, name === 'me' ? 'me' : admin.id, User_Role.USER))).toMatchObject({
      code: status.PERMISSION_DENIED,
      message: 'you cannot change your own role: ask another administrator',
    })
    expect(await roleOf(admin.id)).toMatchObject({ role: 'ADMIN' })
  })

  test('is NOT_FOUND for an unknown user and a deactivated one', async () => {
    const gone = await service.person('gone')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    for (const userId of [gone.id, randomUUID()]) {
      expect(await rejection(setRole(admin, userId, User_Role.MODERATOR))).toMatchObject({ code: status.NOT_FOUND })
    }
  })

  test('refuses a role that there is not, and a bad id', async () => {
    expect(await rejection(setRole(admin, 'nobody', User_Role.UNSPECIFIED))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [{ field: 'user_id' }, { field: 'role' }],
    })
  })
})
