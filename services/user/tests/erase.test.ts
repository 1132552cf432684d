import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { erase } from '../erase.ts'
import { startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

/** Without NATS: what the command does in this service, and then its refusal. */
const run = (whom?: string) => {
  const { database, log } = service.service.context
  return erase({ database, log, streams: { url: 'nats://127.0.0.1:1', certificates: '/nowhere' } }, whom)
}
const stored = async (id: string) => (await service.database.query('select * from users where id = $1', [id]))[0]!

describe('the command `erase` refuses', () => {
  test('an address or id that no account has, and none at all', async () => {
    for (const whom of ['nobody@example.org', '%', '0198c0de-0000-7000-8000-000000000000'])
      await expect(run(whom)).rejects.toThrow('no account has this e-mail address or id')
    await expect(run()).rejects.toThrow('erase needs the e-mail address or the id of an account')
  })

  test('the last administrator in use, and not one of two', async () => {
    const [ann, ben] = [await service.personWithRole('ann', 'ADMIN'), await service.person('ben')]
    await expect(run('ann@example.org')).rejects.toThrow('this is the last administrator in use')
    expect(await stored(ann.id)).toMatchObject({ username: 'ann', status: 'ACTIVE', erased_at: null })
    await service.set(ben.id, { role: 'ADMIN' })
    await expect(run('ann@example.org')).rejects.toThrow(`run erase ${ann.id} again`)
    expect(await stored(ann.id)).toMatchObject({ role: 'USER', status: 'DEACTIVATED' })
  })
})

test('an erased account keeps neither name nor address nor profile, and its sessions, keys and follows end', async () => {
  const [cid, dan] = [
    await service.person('cid', { firstName: 'Cidney', lastName: 'Sidlo' }),
    await service.person('dan'),
  ]
  await service.apiKeyOf(cid, { name: 'of cid' })
  await service.users.updateUser({ userId: cid.id, username: 'cidric' }, cid.as)
  await service.users.followUser({ userId: dan.id }, cid.as)
  await service.users.followUser({ userId: cid.id }, dan.as)
  await expect(run('CID@example.org')).rejects.toThrow(`run erase ${cid.id} again`)
  const row = await stored(cid.id)
  expect(row).toMatchObject({
    username: `deleted ${cid.id}`,
    email: `deleted ${cid.id}`,
    first_name: null,
    last_name: null,
    status: 'DEACTIVATED',
    followers_count: 0,
    following_count: 0,
    revision: 3,
  })
  expect(await stored(dan.id)).toMatchObject({ followers_count: 0, following_count: 0 })
  for (const table of ['refresh_tokens', 'held_usernames', 'api_keys'])
    expect(await service.database.query(`select from ${table} where user_id = $1`, [cid.id])).toEqual([])
  await expect(service.refresh(cid)).rejects.toMatchObject({ details: expect.any(String) })

  // Events that are stored already have no name either, and the follows of both sides are told to have ended.
  const events = await readOutbox(service.database, cid.id)
  expect(JSON.stringify(events)).not.toMatch(/cid|Sidlo/i)
  expect(events.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['user.registered', 'user.renamed', 'user.erased']),
  )
  const [ended] = (await readOutbox(service.database, dan.id)).filter(({ name }) => name === 'user.unfollowed')
  expect(ended).toMatchObject({
    payload: { username: 'dan', followingId: cid.id, metadata: { aggregateRevision: '2' } },
  })

  // Again: only the event is told again. Then the address and the name are free.
  await expect(run(cid.id)).rejects.toThrow(`run erase ${cid.id} again`)
  expect(await stored(cid.id)).toEqual(row)
  await service.person('cid')
  await service.person('cidric')
})
