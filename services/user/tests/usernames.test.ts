import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const rename = (person: Person, username: string) => service.users.updateUser({ userId: 'me', username }, person.as)
const taken = { code: status.ALREADY_EXISTS, reason: 'USERNAME_TAKEN', metadata: { field: 'username' } }
const heldUntil = async (name: string) => {
  const text = `select held_until > now() + interval '89 days' and held_until < now() + interval '91 days' as is_right
    from held_usernames where name = $1`
  return (await service.database.query<{ is_right: boolean }>(text, [name]))[0]?.is_right
}

describe('a username', () => {
  test('that somebody has cannot be taken, whatever its case', async () => {
    await service.person('Owner')
    const other = await service.person('other')
    expect(await rejection(rename(other, 'OWNER'))).toMatchObject(taken)
    expect((await service.users.getUser({ userId: other.id })).user).toMatchObject({ username: 'other', etag: '1' })
  })

  test('may change its case without being given up', async () => {
    const person = await service.person('casual')
    expect((await rename(person, 'Casual')).user).toMatchObject({ username: 'Casual', etag: '2' })
    expect(await heldUntil('casual')).toBeUndefined()
  })

  test('that is given up is held for 90 days: its last user can take it back, nobody else can have it', async () => {
    const first = await service.person('Wanted')
    const other = await service.person('waiting')
    await rename(first, 'changed')
    expect(await heldUntil('wanted')).toBe(true)
    expect(await rejection(rename(other, 'wanted'))).toMatchObject(taken)
    expect(await rejection(service.person('WANTED', { email: 'new@example.org' }))).toMatchObject(taken)
    expect((await rename(first, 'wanted')).user!.username).toBe('wanted')
  })

  test('is free again after that', async () => {
    await rename(await service.person('expiring'), 'expired')
    await service.database.query(`update held_usernames set held_until = now() where name = 'expiring'`)
    expect((await service.person('Expiring', { email: 'later@example.org' })).user.username).toBe('Expiring')
  })

  test('is held for the one who gave it up last', async () => {
    await rename(await service.person('shared'), 'not-shared')
    await service.database.query(`update held_usernames set held_until = now() where name = 'shared'`)
    const second = await service.person('shared', { email: 'second@example.org' })
    await rename(second, 'neither')
    expect(await heldUntil('shared')).toBe(true)
    await rename(second, 'shared')
  })

  test('that is given up at this moment cannot be snatched', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `moment${round}`
      const owner = await service.person(name)
      const snatchers = await Promise.all([service.person(`a${name}`), service.person(`b${name}`)])
      const tries = snatchers.flatMap((person) => Array.from({ length: 4 }, () => rejection(rename(person, name))))
      const [, ...errors] = await Promise.all([rename(owner, `x${name}`), ...tries])
      for (const error of errors) expect(error).toMatchObject(taken)
    }
  })

  test('keeps the old token, which says the old name until it is refreshed', async () => {
    const person = await service.person('before')
    await rename(person, 'after')
    expect((await service.users.getUser({ userId: 'me' }, person.as)).user!.username).toBe('after')
  })
})

test('registering with a name that one has given up oneself does not tell which e-mail addresses exist', async () => {
  const spy = await service.person('spy')
  await service.person('secret')
  await service.users.updateUser({ userId: 'me', username: 'spy2' }, spy.as)
  const answers = await Promise.all(
    ['secret@example.org', 'nobody@example.org'].map((email) => rejection(service.person('spy', { email }))),
  )
  for (const answer of answers) expect(answer).toMatchObject({ code: status.ALREADY_EXISTS, reason: 'USERNAME_TAKEN' })
})
