import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { User_Role, User_Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import { UserInternalServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest
let ann: Person
let bob: Person
let admin: Person

beforeAll(async () => {
  service = await startUserService()
  ann = await service.person('ann', { firstName: 'Ann' })
  bob = await service.person('bob')
  admin = await service.personWithRole('admin', 'ADMIN')
  await service.database.query(
    'insert into user_follows (id, follower_id, following_id, created_at) values ($1, $2, $3, now())',
    [v7(), bob.id, ann.id],
  )
  await service.set(ann.id, { followers_count: 1 })
})
afterAll(() => service.stop())

const get = async (userId: string, as: Person['as'] = {}) => (await service.users.getUser({ userId }, as)).user!
const anyones = { id: expect.any(String), username: 'ann', firstName: 'Ann', lastName: '', bio: '', followersCount: 1 }
const hidden = { email: undefined, role: undefined, status: undefined }
const shown = { email: 'ann@example.org', role: User_Role.USER, status: User_Status.ACTIVE }

describe('GetUser', () => {
  test('shows anyone the profile, and not what is private', async () => {
    expect(await get(ann.id)).toEqual({
      ...anyones,
      followingCount: 0,
      createdAt: expect.any(Date),
      etag: '1',
    })
  })

  test('shows a user all of themselves, by id and by `me`', async () => {
    const own = { ...anyones, ...shown, followedByMe: undefined }
    expect(await get('me', ann.as)).toMatchObject(own)
    expect(await get(ann.id, ann.as)).toMatchObject(own)
  })

  test('says whether a signed-in caller follows the user', async () => {
    expect(await get(ann.id, bob.as)).toMatchObject({ ...anyones, ...hidden, followedByMe: true })
    expect(await get(bob.id, ann.as)).toMatchObject({ ...hidden, followedByMe: false })
  })

  test('shows administrators all', async () => {
    expect(await get(ann.id, admin.as)).toMatchObject({ ...anyones, ...shown, followedByMe: false })
    const { users } = await service.users.batchGetUsers({ userIds: [ann.id] }, admin.as)
    expect(users).toMatchObject([shown])
  })

  test('believes an administrator’s token only as long as it is true', async () => {
    const former = await service.personWithRole('former', 'ADMIN')
    await service.set(former.id, { role: 'MODERATOR' })
    expect(await get(ann.id, former.as)).toMatchObject({ ...anyones, ...hidden })
  })

  test('is NOT_FOUND of nobody, and of a deactivated account for whoever asks', async () => {
    const gone = await service.person('gone')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    for (const as of [{}, ann.as, gone.as, admin.as]) {
      for (const userId of [gone.id, randomUUID()]) {
        const error = await rejection(service.users.getUser({ userId }, as))
        expect(error).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
      }
    }
  })

  test('needs an id, and a token for `me`', async () => {
    const bad = await rejection(service.users.getUser({ userId: ann.id.toUpperCase() }))
    expect(bad).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'user_id' }] })
    const nobody = await rejection(service.users.getUser({ userId: 'me' }))
    expect(nobody).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' })
  })
})

describe('BatchGetUsers', () => {
  test('answers in the order of the request, each once, without the missing ones', async () => {
    const gone = await service.person('missing')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    const userIds = [bob.id, randomUUID(), ann.id, gone.id, 'me', bob.id]
    const { users } = await service.users.batchGetUsers({ userIds }, bob.as)
    expect(users).toMatchObject([
      { id: bob.id, email: 'bob@example.org', followedByMe: undefined },
      { id: ann.id, ...hidden, followedByMe: true },
    ])
  })

  test('takes 1 to 100 ids', async () => {
    const ids = (length: number) => ({ userIds: Array.from({ length }, () => randomUUID()) })
    expect(await service.users.batchGetUsers(ids(100))).toEqual({ users: [] })
    for (const length of [0, 101]) {
      const error = await rejection(service.users.batchGetUsers(ids(length)))
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'user_ids' }] })
    }
  })
})

describe('CheckCaller', () => {
  test('tells a service what the user of the forwarded token is now', async () => {
    const somebody = await service.person('somebody')
    const active = { status: User_Status.ACTIVE }
    expect(await service.internal.checkCaller({}, somebody.as)).toEqual({ ...active, role: User_Role.USER })
    await service.set(somebody.id, { role: 'MODERATOR' })
    expect(await service.internal.checkCaller({}, somebody.as)).toEqual({ ...active, role: User_Role.MODERATOR })
    await service.set(somebody.id, { status: 'DEACTIVATED' })
    expect(await service.internal.checkCaller({}, somebody.as)).toMatchObject({ status: User_Status.DEACTIVATED })
  })

  test('is for services, with a user’s token', async () => {
    expect(await rejection(service.internal.checkCaller({}))).toMatchObject({ code: status.UNAUTHENTICATED })
    for (const peer of ['client', 'gateway']) {
      const error = await rejection(service.stub(UserInternalServiceService, peer).checkCaller({}, ann.as))
      expect(error).toMatchObject({ code: status.PERMISSION_DENIED })
    }
  })
})
