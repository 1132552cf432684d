import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest
let star: Person
let fans: Person[]

beforeAll(async () => {
  service = await startUserService()
  star = await service.person('star')
  fans = []
  for (let i = 0; i < 25; i++) fans.push(await service.person(`fan${i}`))
  // Each follows the star, who follows each: in this order, and many at the same time.
  for (const [i, { id }] of fans.entries()) {
    for (const pair of [
      [id, star.id],
      [star.id, id],
    ]) {
      await service.database.query(
        `insert into user_follows (id, follower_id, following_id, created_at) values (uuidv7(), $1, $2, $3)`,
        [...pair, new Date(Date.UTC(2026, 0, 1, Math.floor(i / 5)))],
      )
    }
  }
})
afterAll(() => service.stop())

type Page = { pageSize?: number; pageToken?: string }

const LISTS = {
  ListFollowers: (userId: string, page: Page = {}, by?: Person) =>
    service.users.listFollowers({ userId, pageSize: 0, pageToken: '', ...page }, by?.as),
  ListFollowing: (userId: string, page: Page = {}, by?: Person) =>
    service.users.listFollowing({ userId, pageSize: 0, pageToken: '', ...page }, by?.as),
}
type List = (typeof LISTS)[keyof typeof LISTS]

const newestFirst = () => fans.map(({ user }) => user.username).toReversed()

/** The names on all pages; `between` runs after each. */
async function walk(list: List, userId: string, pageSize: number, between = async () => {}) {
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await list(userId, { pageSize, pageToken })
    seen.push(...page.users.map(({ username }) => username))
    pageToken = page.nextPageToken
    await between()
  } while (pageToken !== '')
  return seen
}

describe.each(Object.entries(LISTS))('%s', (name, list) => {
  test.each([1, 4, 25, 100])('shows everybody once on pages of %i, the newest first', async (pageSize) => {
    expect(await walk(list, star.id, pageSize)).toEqual(newestFirst())
  })

  test('has 20 on a page by default, and is empty for somebody without any', async () => {
    expect((await list(star.id)).users).toHaveLength(20)
    const loner = await service.person(`loner-${name}`)
    expect(await list(loner.id)).toEqual({ users: [], nextPageToken: '' })
    expect(await list('me', {}, loner)).toEqual({ users: [], nextPageToken: '' })
  })

  test('shows profiles as the reader may see them, and whether the reader follows them', async () => {
    const [reader, last] = [fans[0]!, fans.at(-1)!]
    await service.users.followUser({ userId: last.id }, reader.as)
    const { users } = await list(star.id, { pageSize: 100 }, reader)
    expect(users.map(({ followedByMe }) => followedByMe)).toEqual([true, ...users.slice(2).map(() => false), undefined])
    expect(users[0]).toMatchObject({ id: last.id, email: undefined, role: undefined, followersCount: 1 })
    expect(users.at(-1)).toMatchObject({ id: reader.id, email: 'fan0@example.org' })
    await service.users.unfollowUser({ userId: last.id }, reader.as)
  })

  test('leaves out who is deactivated, and fills the page with others', async () => {
    const gone = fans[20]!
    await service.set(gone.id, { status: 'DEACTIVATED' })
    expect(await walk(list, star.id, 4)).toEqual(newestFirst().filter((one) => one !== gone.user.username))
    expect((await list(star.id, { pageSize: 24 })).users).toHaveLength(24)
    await service.set(gone.id, { status: 'ACTIVE' })
  })

  test('is NOT_FOUND of nobody and of a deactivated user', async () => {
    const gone = await service.person(`gone-${name}`)
    await service.set(gone.id, { status: 'DEACTIVATED' })
    for (const userId of [gone.id, randomUUID()]) {
      expect(await rejection(list(userId))).toMatchObject({ code: status.NOT_FOUND, message: 'no such user' })
    }
  })

  test('takes a page token only of the same list', async () => {
    const { nextPageToken: pageToken } = await list(star.id, { pageSize: 3 })
    expect((await list(star.id, { pageSize: 5, pageToken })).users).toHaveLength(5)
    const [other] = Object.values(LISTS).filter((one) => one !== list)
    for (const refused of [list(fans[0]!.id, { pageToken }), other!(star.id, { pageToken })]) {
      expect(await rejection(refused)).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
    }
  })

  test('refuses a bad id, a negative page size, and `me` without a token', async () => {
    const error = await rejection(list('x', { pageSize: -1 }))
    expect(error).toMatchObject({ violations: [{ field: 'user_id' }, { field: 'page_size' }] })
    expect(await rejection(list('me'))).toMatchObject({ reason: 'TOKEN_MISSING' })
  })

  test('shows each who is there throughout exactly once, while others come and go', async () => {
    const passing = await Promise.all(Array.from({ length: 12 }, (_, i) => service.person(`by-${name.at(-1)}${i}`)))
    const change = async (one: Person, call: 'followUser' | 'unfollowUser') => {
      const [by, userId] = name === 'ListFollowers' ? [one, star.id] : [star, one.id]
      await service.users[call]({ userId }, by.as)
    }
    await Promise.all(passing.slice(0, 6).map((one) => change(one, 'followUser')))
    let step = 0
    const seen = await walk(list, star.id, 3, async () => {
      const [coming, going] = [passing[6 + step], passing[step]]
      step += 1
      await Promise.all([coming && change(coming, 'followUser'), going && change(going, 'unfollowUser')])
    })
    const isFan = (username: string) => username.startsWith('fan')
    expect(seen.filter(isFan)).toEqual(newestFirst())
    expect(new Set(seen).size).toBe(seen.length)
    for (const one of passing) await change(one, 'unfollowUser')
  })
})
