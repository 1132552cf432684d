import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { startUserService, type UserTest } from './harness.ts'

let service: UserTest

beforeAll(async () => {
  service = await startUserService()
})
afterAll(() => service.stop())

const resync = () => service.service.commands['resync']!([])

test('resync tells who registered, and who may have another name than at first, under the same ids each time', async () => {
  const [ann, bob] = [await service.person('ann'), await service.person('bob')]
  await service.set(ann.id, { created_at: '2025-03-04T05:06:07.089Z' })
  await service.set(bob.id, {
    created_at: '2025-03-05T05:06:07.089Z',
    updated_at: '2025-04-05T06:07:08.09Z',
    revision: 4,
  })
  await service.database.query('truncate outbox')
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
