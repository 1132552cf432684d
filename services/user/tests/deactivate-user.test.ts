import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { ListUsersRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { PASSWORD, type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest
let admin: Person

beforeAll(async () => {
  service = await startUserService()
  admin = await service.personWithRole('admin', 'ADMIN')
})
afterAll(() => service.stop())

const deactivate = (by: Person | undefined, userId: string) => service.users.deactivateUser({ userId }, by?.as)
const statusOf = async ({ id }: Person) =>
  (await service.database.query('select status, revision from users where id = $1', [id]))[0]
const emitted = async ({ id }: Person) =>
  (await readOutbox(service.database, id)).filter(({ name }) => name === 'user.deactivated')

describe('DeactivateUser', () => {
  test.each(['me', 'their id'])('closes the own account, by %s: no session goes on, nobody signs in', async (name) => {
    const ann = await service.person(`ann-${name.length}`)
    const other = await service.auth.login({ login: ann.user.username, password: PASSWORD })
    expect(await deactivate(ann, name === 'me' ? 'me' : ann.id)).toEqual({})
    for (const tokens of [ann.tokens, other.tokens!])
      expect(await rejection(service.refresh({ tokens }))).toMatchObject({ reason: 'ACCOUNT_DEACTIVATED' })
    const signIn = service.auth.login({ login: ann.user.username, password: PASSWORD })
    expect(await rejection(signIn)).toMatchObject({ reason: 'CREDENTIALS_INVALID' })
    const left = 'select id from refresh_tokens where user_id = $1 and revoked_at is null'
    expect(await service.database.query(left, [ann.id])).toEqual([])
  })

  test('has the profile read as gone, everywhere', async () => {
    const [ben, fan] = [await service.person('ben'), await service.person('fan')]
    await service.users.followUser({ userId: ben.id }, fan.as)
    await service.users.followUser({ userId: fan.id }, ben.as)
    await deactivate(ben, 'me')
    const page = { userId: fan.id, pageSize: 0, pageToken: '' }
    const lists = [
      await service.users.batchGetUsers({ userIds: [ben.id] }, fan.as),
      await service.users.listUsers(ListUsersRequest.fromPartial({ usernamePrefix: 'ben' }), fan.as),
      await service.users.listFollowers(page, fan.as),
      await service.users.listFollowing(page, fan.as),
    ]
    expect(lists.map(({ users }) => users)).toEqual([[], [], [], []])
    for (const by of [undefined, fan, ben, admin]) {
      const error = await rejection(service.users.getUser({ userId: ben.id }, by?.as))
      expect(error).toMatchObject({ code: status.NOT_FOUND })
    }
  })

  test('keeps the names: nobody else registers with them', async () => {
    const cid = await service.person('cid')
    await deactivate(cid, 'me')
    const username = await rejection(service.person('CID', { email: 'other@example.org' }))
    expect(username).toMatchObject({ reason: 'USERNAME_TAKEN' })
    const email = await rejection(service.person('other', { email: 'CID@example.org' }))
    expect(email).toMatchObject({ reason: 'EMAIL_TAKEN' })
  })

  test('emits the user at the new revision, once for ten at the same time', async () => {
    const dan = await service.person('dan')
    await service.users.updateUser({ userId: 'me', bio: 'B' }, dan.as)
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => deactivate(admin, dan.id)))
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    expect((await emitted(dan)).map(({ subject, payload }) => [subject, payload])).toEqual([
      ['pf.user.user.deactivated.v1', { metadata: { aggregateId: dan.id, aggregateRevision: '3' }, username: 'dan' }],
    ])
    expect(await statusOf(dan)).toEqual({ status: 'DEACTIVATED', revision: 3 })
  })

  test('is open to an administrator, as long as they are one', async () => {
    const [eve, fay] = [await service.person('eve'), await service.person('fay')]
    const former = await service.personWithRole('former', 'ADMIN')
    await deactivate(former, eve.id)
    await service.set(former.id, { role: 'MODERATOR' })
    expect(await rejection(deactivate(former, fay.id))).toMatchObject({ code: status.NOT_FOUND })
    expect(await statusOf(eve)).toMatchObject({ status: 'DEACTIVATED' })
    expect(await statusOf(fay)).toMatchObject({ status: 'ACTIVE' })
  })

  test('is NOT_FOUND for everybody else, for nobody, and a second time', async () => {
    const [gus, gone] = [await service.person('gus'), await service.person('gone')]
    await deactivate(admin, gone.id)
    for (const [by, userId] of [
      [gus, admin.id],
      [gus, randomUUID()],
      [admin, randomUUID()],
      [admin, gone.id],
    ] as const) {
      const error = await rejection(deactivate(by, userId))
      expect(error).toMatchObject({ code: status.NOT_FOUND, message: 'no such user' })
    }
    expect(await emitted(gone)).toHaveLength(1)
    expect(await statusOf(admin)).toMatchObject({ status: 'ACTIVE' })
  })

  test('needs a signed-in user, and an id', async () => {
    expect(await rejection(deactivate(undefined, admin.id))).toMatchObject({ reason: 'TOKEN_MISSING' })
    expect(await rejection(deactivate(admin, 'x'))).toMatchObject({ violations: [{ field: 'user_id' }] })
  })
})
