import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const people = (...names: string[]) => Promise.all(names.map((name) => service.person(name)))
const follow = (by: Person | undefined, userId: string) => service.users.followUser({ userId }, by?.as)
const unfollow = (by: Person | undefined, userId: string) => service.users.unfollowUser({ userId }, by?.as)
const isFollowed = async ({ id }: Person, by: Person) =>
  (await service.users.getUser({ userId: id }, by.as)).user!.followedByMe

/** What is stored of a user's follows: both counters, the rows that they count, and the revision. */
const stored = async ({ id }: Person) => {
  const [row] = await service.database.query<Record<string, number>>(
    `select followers_count, following_count, follows_revision, revision,
      (select count(*)::integer from user_follows where following_id = u.id) as followers,
      (select count(*)::integer from user_follows where follower_id = u.id) as following
    from users u where id = $1`,
    [id],
  )
  return row!
}
const emitted = async ({ id }: Person) =>
  (await readOutbox(service.database, id)).filter(({ name }) => /followed/.test(name))

describe('FollowUser', () => {
  test('counts a follow once for both, however often it is called, and GetUser shows it', async () => {
    const [ann, ben, cid] = (await people('ann', 'ben', 'cid')) as [Person, Person, Person]
    expect(await follow(ben, ann.id)).toEqual({ followersCount: 1 })
    expect(await follow(ben, ann.id)).toEqual({ followersCount: 1 })
    expect(await follow(cid, ann.id)).toEqual({ followersCount: 2 })
    const { user } = await service.users.getUser({ userId: ann.id }, ben.as)
    expect(user).toMatchObject({ followersCount: 2, followingCount: 0, followedByMe: true })
    expect((await service.users.getUser({ userId: 'me' }, ben.as)).user).toMatchObject({
      followersCount: 0,
      followingCount: 1,
      etag: '1',
      updatedAt: undefined,
    })
    expect((await service.users.getUser({ userId: ann.id })).user!.followedByMe).toBeUndefined()
  })

  test('emits one event for each follow: of the follower, at the revision of whom they follow', async () => {
    const [dan, eve, fay] = (await people('dan', 'eve', 'fay')) as [Person, Person, Person]
    await follow(dan, eve.id)
    await follow(dan, eve.id)
    await follow(dan, fay.id)
    const event = (aggregateRevision: number, followingId: string) => ({
      name: 'user.followed',
      subject: 'pf.user.user.followed.v1',
      payload: {
        metadata: { aggregateId: dan.id, aggregateRevision: `${aggregateRevision}` },
        username: 'dan',
        followingId,
      },
    })
    expect(await emitted(dan)).toMatchObject([event(1, eve.id), event(2, fay.id)])
    expect(await emitted(eve)).toEqual([])
  })

  test.each(['me', 'their id'])('is refused for oneself, by %s', async (name) => {
    const [person] = (await people(`self-${name.length}`)) as [Person]
    for (const call of [follow, unfollow]) {
      expect(await rejection(call(person, name === 'me' ? 'me' : person.id))).toMatchObject({
        code: status.INVALID_ARGUMENT,
        violations: [{ field: 'user_id', description: 'must be another user than yourself' }],
      })
    }
    expect(await stored(person)).toMatchObject({ followers: 0, followers_count: 0, follows_revision: 0 })
  })

  test('is NOT_FOUND for nobody and for a deactivated user, who cannot follow either', async () => {
    const [gus, gone] = (await people('gus', 'gone')) as [Person, Person]
    await service.set(gone.id, { status: 'DEACTIVATED' })
    for (const call of [follow, unfollow]) {
      for (const [by, userId] of [
        [gus, gone.id],
        [gus, randomUUID()],
        [gone, gus.id],
      ] as const) {
        expect(await rejection(call(by, userId))).toMatchObject({ code: status.NOT_FOUND, message: 'no such user' })
      }
    }
    for (const person of [gus, gone]) {
      expect(await stored(person)).toMatchObject({ followers: 0, following: 0, follows_revision: 0 })
      expect(await emitted(person)).toEqual([])
    }
  })

  test('needs a signed-in user, and an id', async () => {
    const [hal] = (await people('hal')) as [Person]
    for (const call of [follow, unfollow]) {
      expect(await rejection(call(undefined, hal.id))).toMatchObject({ reason: 'TOKEN_MISSING' })
      expect(await rejection(call(hal, 'x'))).toMatchObject({ violations: [{ field: 'user_id' }] })
    }
  })
})

describe('UnfollowUser', () => {
  test('takes a follow back, and without one changes nothing', async () => {
    const [ida, jan] = (await people('ida', 'jan')) as [Person, Person]
    expect(await unfollow(ida, jan.id)).toEqual({ followersCount: 0 })
    await follow(ida, jan.id)
    expect(await unfollow(ida, jan.id)).toEqual({ followersCount: 0 })
    expect(await unfollow(ida, jan.id)).toEqual({ followersCount: 0 })
    expect(await isFollowed(jan, ida)).toBe(false)
    expect(await stored(ida)).toMatchObject({ following: 0, following_count: 0, follows_revision: 2, revision: 1 })
    expect((await emitted(ida)).map(({ name, payload }) => [name, payload])).toEqual([
      ['user.followed', expect.anything()],
      [
        'user.unfollowed',
        { metadata: { aggregateId: ida.id, aggregateRevision: '2' }, username: 'ida', followingId: jan.id },
      ],
    ])
  })

  test('stores nothing when the event cannot be stored', async () => {
    const [kim, leo] = (await people('kim', 'leo')) as [Person, Person]
    await follow(kim, leo.id)
    await service.database.query('alter table outbox add constraint broken check (false) not valid')
    await service.silenced(async () => {
      expect(await rejection(unfollow(kim, leo.id))).toMatchObject({ code: status.INTERNAL })
      expect(await rejection(follow(leo, kim.id))).toMatchObject({ code: status.INTERNAL })
    })
    await service.database.query('alter table outbox drop constraint broken')
    expect(await stored(kim)).toMatchObject({ following: 1, following_count: 1, followers: 0, followers_count: 0 })
  })
})

describe('at the same time', () => {
  test('a hundred follows and unfollows of one pair leave counters that are the rows, and a chain of events', async () => {
    const [mia, ned] = (await people('mia', 'ned')) as [Person, Person]
    await Promise.all(numbers(100).map((i) => (i % 3 === 2 ? unfollow : follow)(mia, ned.id)))
    const [follower, followed] = [await stored(mia), await stored(ned)]
    expect(follower['following_count']).toBe(follower['following'])
    expect(followed['followers_count']).toBe(followed['followers'])
    expect(followed['followers']).toBe(follower['following'])
    const facts = (await emitted(mia)).map(({ name, payload }) => [
      Number((payload['metadata'] as { aggregateRevision: string }).aggregateRevision),
      name,
    ])
    const chain = facts.toSorted(([a], [b]) => Number(a) - Number(b))
    expect(chain).toEqual(facts.map((_, i) => [i + 1, i % 2 === 0 ? 'user.followed' : 'user.unfollowed']))
    expect(facts.length % 2).toBe(follower['following'])
    expect(follower['follows_revision']).toBe(facts.length)
  })

  test('two who follow each other again and again are not in each other’s way', async () => {
    const [pia, rob] = (await people('pia', 'rob')) as [Person, Person]
    const turns = [
      [pia, rob.id],
      [rob, pia.id],
    ] as const
    await Promise.all(numbers(100).map((i) => (i % 4 < 2 ? follow : unfollow)(...turns[i % 2]!)))
    for (const person of [pia, rob]) {
      const { followers, following, followers_count, following_count } = await stored(person)
      expect([followers_count, following_count]).toEqual([followers, following])
    }
  })
})
