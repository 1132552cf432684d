import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ObjectId, UUID } from 'mongodb'
import { v7 } from 'uuid'
import { until } from '#chassis/testing/until.ts'
import { DELETED_USER } from '#contracts/events.ts'
import { eraseAuthor } from '../db/erased-users.ts'
import { contentChanged, startVersionService, type VersionTest } from './harness.ts'

let service: VersionTest

beforeAll(async () => {
  service = await startVersionService()
})
afterAll(() => service.stop())

/** Whether an insert into this database is under way. */
async function isInserting() {
  const { client, databaseName } = service.database.db
  const asked = {
    currentOp: 1,
    op: 'insert',
    ns: `${databaseName}.prompt_versions`,
    'command.insert': { $exists: true },
  }
  const { inprog } = await client.db('admin').command(asked)
  return inprog.length > 0
}

test('an author who is erased while a version is being stored is named neither in it nor in what is told of it', async () => {
  const actor = { userId: v7(), username: 'ann' }
  const promptId = await service.store([1], { actor })
  const first = await service.documents.findOne({ promptId: new UUID(promptId) })
  const session = service.database.db.client.startSession()
  try {
    session.startTransaction()
    // Whoever stores the same version waits for what becomes of this one.
    await service.documents.insertOne(
      { ...first!, _id: new ObjectId(), versionId: new UUID(), version: 2 },
      { session },
    )
    const storing = service.handle(contentChanged(promptId, 2, { actor }))
    try {
      await until('the version to be on its way', isInserting)
      await eraseAuthor(service.service.context, actor.userId)
    } finally {
      await session.abortTransaction()
      expect(await storing).toEqual([])
    }
  } finally {
    await session.endSession()
  }
  const stored = await service.documents.find({ promptId: new UUID(promptId) }).toArray()
  expect(stored.map(({ username }) => username)).toEqual([DELETED_USER, DELETED_USER])
  expect(service.published.at(-1)!.message).toMatchObject({ version: 2, actor: { username: DELETED_USER } })
})
