import { type Db, MongoClient } from 'mongodb'
import type { MongoConfig } from '../config.ts'
import type { MongoCollection, MongoIndex, MongoSchema } from './mongo.ts'

/** MongoDB's codes for a collection that is there already (some versions say it, others do nothing), and for an index that is not there. */
const NAMESPACE_EXISTS = 48
const INDEX_NOT_FOUND = 27

/** Milliseconds until a server must be there. Building an index may take longer, and has no limit. */
const CONNECT_MS = 10_000

/**
 * Makes the collections and indexes that a database does not have yet, drops former indexes, looks whether all are as they should be, and
 * answers with what was done. Several processes may run it at once. Throws for an index that is there, but another.
 */
export async function migrateMongo(
  { collections }: Pick<MongoSchema, 'collections'>,
  { url, database }: MongoConfig['mongo'],
): Promise<string[]> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: CONNECT_MS })
  try {
    const db = client.db(database)
    const done: string[] = []
    for (const { name, indexes, former = [] } of collections) {
      if (await createCollection(db, name)) done.push(name)
      done.push(...(await createIndexes(db, name, indexes)))
      for (const index of former) if (await dropIndex(db, name, index)) done.push(`${name}.${index} (dropped)`)
    }
    return done
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
  const before = (await listIndexes(db, collection)).map(({ name }) => name)
  if (indexes.length > 0) await db.collection(collection).createIndexes(indexes)
  for (const wrong of await wrongIndexes(db, { name: collection, indexes })) {
    throw new Error(`the index ${wrong} of ${collection} is not what it should be: drop it, then migrate again`)
  }
  return indexes.filter(({ name }) => !before.includes(name)).map(({ name }) => `${collection}.${name}`)
}

/** The names of a collection's indexes that the database lacks, or has with other keys. */
export async function wrongIndexes(db: Db, { name, indexes }: MongoCollection): Promise<string[]> {
  const there = await listIndexes(db, name)
  return indexes.filter((wanted) => !there.some((index) => isSame(index, wanted))).map((wanted) => wanted.name)
}

const listIndexes = (db: Db, collection: string) =>
  db.collection(collection).listIndexes().toArray() as Promise<MongoIndex[]>

async function dropIndex(db: Db, collection: string, index: string): Promise<boolean> {
  try {
    await db.collection(collection).dropIndex(index)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === INDEX_NOT_FOUND) return false
    throw error
  }
}

const isSame = (a: MongoIndex, b: MongoIndex) =>
  a.name === b.name && JSON.stringify(a.key) === JSON.stringify(b.key) && (a.unique ?? false) === (b.unique ?? false)
