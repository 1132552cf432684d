import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { type Person, startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
beforeEach(() => service.database.query('truncate users, outbox cascade'))
afterAll(() => service.stop())

const resync = (...args: string[]) => service.service.commands['resync']!(args)
const forget = () => service.database.query('truncate outbox')

test('resync tells who registered, and who may have another name than at first, under the same ids each time', async () => {
  const [ann, bob] = [await service.person('ann'), await service.person('bob')]
  await service.set(ann.id, { created_at: '2025-03-04T05:06:07.089Z' })
  await service.set(bob.id, {
    created_at: '2025-03-05T05:06:07.089Z',
    updated_at: '2025-04-05T06:07:08.09Z',
    revision: 4,
  })
  await forget()
  expect(await resync()).toMatchObject({ rows: 2, events: 3 })
  const told = await readOutbox(service.database)
  const metadataOf = (aggregateId: string, revision: number) => ({
    aggregateId,
    aggregateRevision: String(revision),
    resync: true,
  })
  expect(told).toMatchObject([
    {
      subject: `pf.user.user.registered.v1.${ann.id}`,
      occurredAt: new Date('2025-03-04T05:06:07.089Z'),
      payload: { metadata: metadataOf(ann.id, 1), username: 'ann', email: 'ann@example.org' },
    },
    {
      subject: `pf.user.user.registered.v1.${bob.id}`,
      payload: { metadata: metadataOf(bob.id, 4), username: 'bob', email: 'bob@example.org' },
    },
    {
      name: 'user.renamed',
      occurredAt: new Date('2025-04-05T06:07:08.09Z'),
      payload: { metadata: metadataOf(bob.id, 4), username: 'bob' },
    },
  ])
  await resync()
  expect((await readOutbox(service.database)).map(({ id }) => id)).toEqual(told.map(({ id }) => id))
})

describe('resync tells whom users follow', () => {
  let ann: Person
  let bob: Person
  let cid: Person

  beforeEach(async () => {
    ;[ann, bob, cid] = [await service.person('ann'), await service.person('bob'), await service.person('cid')]
  })

  const follow = (by: Person, { id: userId }: Person) => service.users.followUser({ userId }, by.as)
  const unfollow = (by: Person, { id: userId }: Person) => service.users.unfollowUser({ userId }, by.as)
  const told = async () => (await readOutbox(service.database)).filter(({ name }) => name === 'user.followed')

  test('now, at the present revision of the follower, and not whom they do not follow any more', async () => {
    for (const followed of [bob, cid]) await follow(ann, followed)
    await unfollow(ann, cid)
    await follow(cid, ann)
    await service.database.query(
      `update user_follows set created_at = '2025-03-04T05:06:07.089Z' where follower_id = $1`,
      [ann.id],
    )
    await forget()
    expect(await resync()).toMatchObject({ rows: 5, events: 5, table: 'user_follows' })
    const event = ({ id }: Person, revision: number, username: string, following: Person) => ({
      subject: 'pf.user.user.followed.v1',
      payload: {
        metadata: { aggregateId: id, aggregateRevision: String(revision), resync: true },
        username,
        followingId: following.id,
      },
    })
    expect(await told()).toMatchObject([
      { ...event(ann, 3, 'ann', bob), occurredAt: new Date('2025-03-04T05:06:07.089Z') },
      event(cid, 1, 'cid', ann),
    ])
  })

  test('under the same ids again, until the follower follows or unfollows somebody', async () => {
    await follow(ann, bob)
    await resync()
    const before = (await told()).filter(({ payload }) => JSON.stringify(payload).includes('resync'))
    expect(before).toHaveLength(1)
    await forget()
    await resync()
    expect((await told()).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
    await follow(ann, cid)
    await forget()
    await resync()
    const after = await told()
    expect(after).toHaveLength(2)
    expect(after.map(({ id }) => id)).not.toContain(before[0]!.id)
  })

  test('page by page, each once, also from an id of that table on', async () => {
    await service.database.query(
      `with fans as (
        insert into users (id, username, email, password, created_at)
        select uuidv7(), 'fan' || i, 'fan' || i || '@example.org', '-', now() from generate_series(1, 450) i
        returning id
      )
      insert into user_follows (id, follower_id, following_id, created_at) select uuidv7(), id, $1, now() from fans`,
      [ann.id],
    )
    await forget()
    expect(await resync()).toMatchObject({ rows: 903, events: 903 })
    expect(new Set((await told()).map(({ payload }) => (payload['metadata'] as Metadata).aggregateId)).size).toBe(450)
    const [middle] = await service.database.query<{ id: string }>(
      'select id from user_follows order by id offset 299 limit 1',
    )
    expect(await resync(middle!.id, 'user_follows')).toMatchObject({ rows: 150, events: 150, table: 'user_follows' })
  })

  test('and refuses to begin with a table of which it does not tell', async () => {
    await expect(resync(ann.id, 'api_keys')).rejects.toThrow('name one of users, user_follows')
  })
})

type Metadata = { aggregateId: string }
