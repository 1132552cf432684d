import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { User_Role as Role, User_Status as Status } from '#contracts/gen/promptforge/user/v1/user.ts'
import { ListUsersRequest } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

const NAMES = ['Anna', 'anna-b', 'ANNA_B', 'annaXb', 'ann', 'Bob', 'bo_', 'zoe', '0x0', '---', '___', 'anna0']

let service: UserTest
let admin: Person
let people: Map<string, Person>

beforeAll(async () => {
  service = await startUserService()
  admin = await service.personWithRole('admin', 'ADMIN')
  people = new Map()
  for (const name of NAMES) people.set(name, await service.person(name))
})
afterAll(() => service.stop())

const list = (fields: Partial<ListUsersRequest> = {}, by?: Person) =>
  service.users.listUsers(ListUsersRequest.fromPartial(fields), by?.as)
const namesOf = async (...asked: Parameters<typeof list>) =>
  (await list(...asked)).users.map(({ username }) => username)
// By bytes, as PostgreSQL compares them in the collation "C".
const byName = (names: string[]) =>
  names.toSorted((a, b) => Buffer.compare(Buffer.from(a.toLowerCase()), Buffer.from(b.toLowerCase())))

/** The names on all pages; `between` runs after each. */
async function walk(fields: Partial<ListUsersRequest>, between = async () => {}) {
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await list({ ...fields, pageToken })
    seen.push(...page.users.map(({ username }) => username))
    pageToken = page.nextPageToken
    await between()
  } while (pageToken !== '')
  return seen
}

describe('ListUsers', () => {
  test.each<[string, string[]]>([
    ['', [...NAMES, 'admin']],
    ['ann', ['Anna', 'anna-b', 'ANNA_B', 'annaXb', 'ann', 'anna0']],
    ['ANNA', ['Anna', 'anna-b', 'ANNA_B', 'annaXb', 'anna0']],
    ['anna_', ['ANNA_B']],
    ['_', ['___']],
    ['-', ['---']],
    ['z', ['zoe']],
    ['zoe', ['zoe']],
    ['zoey', []],
    ['%', []],
    ['a%', []],
    ['{', []],
    ['é', []],
    ['\u212A', []],
    ["'; drop table users; --", []],
    ['\\', []],
  ])('by the prefix %j shows those whose name begins so, whatever its case', async (usernamePrefix, expected) => {
    expect(await namesOf({ usernamePrefix })).toEqual(byName(expected))
  })

  test.each([1, 2, 5, 100])('shows each once on pages of %i', async (pageSize) => {
    expect(await walk({ pageSize })).toEqual(byName([...NAMES, 'admin']))
    expect(await walk({ pageSize, usernamePrefix: 'an' })).toEqual(byName(NAMES.filter((name) => /^an/i.test(name))))
  })

  test('shows profiles as the reader may see them, and whether the reader follows them', async () => {
    const [bob, zoe] = [people.get('Bob')!, people.get('zoe')!]
    await service.users.followUser({ userId: zoe.id }, bob.as)
    expect((await list({ usernamePrefix: 'zoe' }, bob)).users).toEqual([
      { ...zoe.user, email: undefined, role: undefined, status: undefined, followersCount: 1, followedByMe: true },
    ])
    expect((await list({ usernamePrefix: 'zoe' })).users[0]!.followedByMe).toBeUndefined()
    expect((await list({ usernamePrefix: 'zoe' }, admin)).users).toMatchObject([{ email: 'zoe@example.org' }])
  })

  test('leaves out who is deactivated, for whoever asks without their status', async () => {
    const bob = people.get('Bob')!
    await service.set(bob.id, { status: 'DEACTIVATED' })
    for (const by of [undefined, people.get('ann')!, admin]) expect(await namesOf({}, by)).not.toContain('Bob')
    expect(await namesOf({ status: Status.DEACTIVATED }, admin)).toEqual(['Bob'])
    expect(await namesOf({ status: Status.DEACTIVATED, usernamePrefix: 'b' }, admin)).toEqual(['Bob'])
    expect(await namesOf({ status: Status.DEACTIVATED, role: Role.MODERATOR }, admin)).toEqual([])
    await service.set(bob.id, { status: 'ACTIVE' })
  })

  test('by role and status is for administrators, as they are now', async () => {
    const [mod, former] = [
      await service.personWithRole('mod', 'MODERATOR'),
      await service.personWithRole('former', 'ADMIN'),
    ]
    await service.set(former.id, { role: 'MODERATOR' })
    expect(await namesOf({ role: Role.MODERATOR }, admin)).toEqual(['former', 'mod'])
    expect(await namesOf({ role: Role.ADMIN, status: Status.ACTIVE }, admin)).toEqual(['admin'])
    expect(await namesOf({ role: Role.USER, usernamePrefix: 'a' }, admin)).toHaveLength(6)
    for (const by of [people.get('ann')!, mod, former]) {
      for (const fields of [{ role: Role.ADMIN }, { status: Status.ACTIVE }, { status: Status.DEACTIVATED }]) {
        const error = await rejection(list(fields, by))
        expect(error).toMatchObject({ code: status.PERMISSION_DENIED, reason: 'NOT_ALLOWED' })
      }
    }
    expect(await rejection(list({ role: Role.USER }))).toMatchObject({ reason: 'TOKEN_MISSING' })
  })

  test('shows each who is there throughout exactly once, while others come and go', async () => {
    const before = await walk({ pageSize: 100 })
    const letters = Array.from('abcdefghijklmnopqrstuvwxyz')
    const passing = await Promise.all(letters.slice(0, 13).map((letter) => service.person(`${letter}-passing`)))
    let step = 0
    const seen = await walk({ pageSize: 2 }, async () => {
      const [letter, going] = [letters[13 + step], passing[step]]
      step += 1
      await Promise.all([
        letter && service.person(`${letter}-passing`),
        going && service.set(going.id, { status: 'DEACTIVATED' }),
      ])
    })
    expect(seen.filter((name) => !name.endsWith('-passing'))).toEqual(before)
    expect(new Set(seen).size).toBe(seen.length)
    expect(step).toBeGreaterThan(13)
  })

  test('takes a page token only of a list with the same parameters', async () => {
    const { nextPageToken: pageToken } = await list({ pageSize: 2, usernamePrefix: 'an' }, admin)
    expect((await list({ pageSize: 3, usernamePrefix: 'an', pageToken })).users).toHaveLength(3)
    for (const fields of [{}, { usernamePrefix: 'a' }, { usernamePrefix: 'an', role: Role.USER }])
      expect(await rejection(list({ ...fields, pageToken }, admin))).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
  })

  test('refuses a prefix of 51 characters, a negative page size, and what is no role or status', async () => {
    const error = await rejection(
      list({ usernamePrefix: 'x'.repeat(51), pageSize: -1, role: Role.UNSPECIFIED, status: Status.UNSPECIFIED }, admin),
    )
    expect(error.violations.map(({ field }) => field).sort()).toEqual([
      'page_size',
      'role',
      'status',
      'username_prefix',
    ])
    expect(await namesOf({ usernamePrefix: 'x'.repeat(50) })).toEqual([])
  })
})
