import { randomUUID } from 'node:crypto'
import { type Db, MongoClient } from 'mongodb'

/** A MongoDB database of a test file's own. */
export type TestMongo = {
  url: string
  /** Name of the database. */
  name: string
  /** The environment by which a service finds it. */
  env: Record<string, string>
  /** The database past the service, for arranging and for looking at what is stored. */
  db: Db
  drop(): Promise<void>
}

/** Makes a database on the server that the test run started, or on one of a test's own. */
export async function testMongo(url = process.env['PF_TEST_MONGO_URL']): Promise<TestMongo> {
  if (!url) throw new Error('PF_TEST_MONGO_URL is not set: run the tests with `npm test`')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const client = await MongoClient.connect(url)
  const db = client.db(name)
  return {
    url,
    name,
    env: { PF_MONGO_URL: url, PF_MONGO_DATABASE: name },
    db,
    drop: async () => {
      await db.dropDatabase()
      await client.close()
    },
  }
}
