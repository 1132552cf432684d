import { type Db, MongoClient } from 'mongodb'
import type { MongoConfig } from '../config.ts'
import type { MongoIndex, MongoSchema } from './mongo.ts'

/** MongoDB's code for a collection that is there already; some versions say it, others do nothing. */
const NAMESPACE_EXISTS = 48

/** Milliseconds until a server must be there. Building an index may take longer, and has no limit. */
const CONNECT_MS = 10_000

/**
 * Makes the collections and indexes that a database does not have yet, looks whether all are as they should be, and answers with
 * the names of what was made. Several processes may run it at once. Throws for an index that is there, but another.
 */
export async function migrateMongo(
  { collections }: Pick<MongoSchema, 'collections'>,
  { url, database }: MongoConfig['mongo'],
): Promise<string[]> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: CONNECT_MS })
  try {
    const db = client.db(database)
    const made: string[] = []
    for (const { name, indexes } of collections) {
      if (await createCollection(db, name)) made.push(name)
      made.push(...(await createIndexes(db, name, indexes)))
    }
    return made
  } finally {
    await client.close()
  }
}

async function createCollection(db: Db, name: string): Promise<boolean> {
  if (await db.listCollections({ name }, { nameOnly: true }).hasNext()) return false
  try {
    await db.createCollection(name)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === NAMESPACE_EXISTS) return false
    throw error
  }
}

async function createIndexes(db: Db, collection: string, indexes: MongoIndex[]): Promise<string[]> {
  const list = () => db.collection(collection).listIndexes().toArray() as Promise<MongoIndex[]>
  const before = (await list()).map(({ name }) => name)
  if (indexes.length > 0) await db.collection(collection).createIndexes(indexes)
  const after = await list()
  for (const wanted of indexes) {
    if (!after.some((index) => isSame(index, wanted))) {
      throw new Error(`the index ${wanted.name} of ${collection} is not what it should be: drop it, then migrate again`)
    }
  }
  return indexes.filter(({ name }) => !before.includes(name)).map(({ name }) => `${collection}.${name}`)
}

const isSame = (a: MongoIndex, b: MongoIndex) =>
  a.name === b.name && JSON.stringify(a.key) === JSON.stringify(b.key) && (a.unique ?? false) === (b.unique ?? false)
