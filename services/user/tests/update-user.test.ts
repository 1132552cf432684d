import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import type { UpdateUserRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest
let ann: Person

beforeAll(async () => {
  service = await startUserService()
  ann = await service.person('ann', { firstName: 'Ann', lastName: 'A' })
})
afterAll(() => service.stop())

type Fields = Omit<UpdateUserRequest, 'userId'>
const update = async (person: Person, fields: Fields, userId = person.id) =>
  (await service.users.updateUser({ userId, ...fields }, person.as)).user!
const refused = (person: Person, fields: Fields, userId = person.id) => rejection(update(person, fields, userId))
const stored = async (userId: string) =>
  (await service.database.query('select * from users where id = $1', [userId]))[0]!

describe('UpdateUser', () => {
  test('changes what is given, and leaves the rest', async () => {
    const user = await update(ann, { bio: 'Writes 🍏' }, 'me')
    expect(user).toEqual({ ...ann.user, bio: 'Writes 🍏', etag: '2', updatedAt: expect.any(Date) })
    expect((await service.users.getUser({ userId: 'me' }, ann.as)).user).toEqual(user)
  })

  test('clears a name or the bio with an empty text, and stores null', async () => {
    const user = await update(ann, { firstName: '', lastName: '', bio: '' })
    expect(user).toMatchObject({ username: 'ann', firstName: '', lastName: '', bio: '' })
    expect(await stored(ann.id)).toMatchObject({ first_name: null, last_name: null, bio: null })
  })

  test('that changes nothing leaves etag and time as they are', async () => {
    const person = await service.person('still', { firstName: 'S' })
    const before = await stored(person.id)
    for (const fields of [{}, { username: 'still', firstName: 'S', lastName: '', bio: '' }]) {
      expect(await update(person, fields)).toEqual(person.user)
    }
    expect(await stored(person.id)).toEqual(before)
  })

  test('with a stale etag is ABORTED and says the present one', async () => {
    const person = await service.person('etag')
    const { etag } = await update(person, { bio: 'one', etag: '1' })
    expect(etag).toBe('2')
    expect(await refused(person, { bio: 'two', etag: '1' })).toMatchObject({
      code: status.ABORTED,
      reason: 'ETAG_STALE',
      metadata: { etag: '2' },
    })
    expect(await stored(person.id)).toMatchObject({ bio: 'one', revision: 2 })
  })

  test('of two that read the same etag, one wins', async () => {
    const person = await service.person('pair')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => update(person, { bio: `try ${i}`, etag: '1' })),
    )
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
    expect(await stored(person.id)).toMatchObject({ revision: 2 })
  })

  test('without an etag loses no change of many at once', async () => {
    const person = await service.person('many')
    const changes: Fields[] = [{ firstName: 'F' }, { lastName: 'L' }, { bio: 'B' }, { username: 'Many' }]
    await Promise.all(changes.map((fields) => update(person, fields)))
    expect(await stored(person.id)).toMatchObject({
      first_name: 'F',
      last_name: 'L',
      bio: 'B',
      username: 'Many',
      revision: 5,
    })
  })

  test('is NOT_FOUND for everybody else, as for an unknown user', async () => {
    const bob = await service.person('bob')
    const moderator = await service.personWithRole('moderator', 'MODERATOR')
    const before = await stored(ann.id)
    for (const person of [bob, moderator]) {
      for (const userId of [ann.id, randomUUID()]) {
        const error = await refused(person, { bio: 'mine' }, userId)
        expect(error).toMatchObject({ code: status.NOT_FOUND, reason: 'RESOURCE_NOT_FOUND' })
      }
    }
    expect(await stored(ann.id)).toEqual(before)
  })

  test('is open to an administrator, as long as they are one', async () => {
    const admin = await service.personWithRole('admin', 'ADMIN')
    const target = await service.person('target')
    expect(await update(admin, { bio: 'seen to' }, target.id)).toMatchObject({
      bio: 'seen to',
      email: 'target@example.org',
    })
    await service.set(admin.id, { role: 'USER' })
    expect(await refused(admin, { bio: 'again' }, target.id)).toMatchObject({ code: status.NOT_FOUND })
    await service.set(admin.id, { role: 'ADMIN', status: 'DEACTIVATED' })
    expect(await refused(admin, { bio: 'again' }, target.id)).toMatchObject({ reason: 'ACCOUNT_DEACTIVATED' })
  })

  test('is NOT_FOUND for a deactivated user, and needs one', async () => {
    const gone = await service.person('gone')
    await service.set(gone.id, { status: 'DEACTIVATED' })
    expect(await refused(gone, { bio: 'back' })).toMatchObject({ code: status.NOT_FOUND })
    const nobody = await rejection(service.users.updateUser({ userId: ann.id, bio: 'x' }))
    expect(nobody).toMatchObject({ code: status.UNAUTHENTICATED, reason: 'TOKEN_MISSING' })
  })

  test.each([
    ['username', { username: 'ab' }],
    ['username', { username: 'a b c' }],
    ['first_name', { firstName: 'x'.repeat(51) }],
    ['last_name', { lastName: 'x'.repeat(51) }],
    ['bio', { bio: '🍏'.repeat(501) }],
    ['etag', { etag: 'W/1' }],
  ])('refuses a bad %s', async (field, fields) => {
    expect(await refused(ann, fields)).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field }] })
  })

  test('takes 500 characters of bio', async () => {
    expect((await update(ann, { bio: '🍏'.repeat(500) })).bio).toBe('🍏'.repeat(500))
  })
})
