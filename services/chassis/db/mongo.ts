import { MikroORM, type Options } from '@mikro-orm/mongodb'
import type { Collection, Document, MongoClient } from 'mongodb'
import type { MongoConfig } from '../config.ts'
import type { Logger } from '../logger.ts'
import { keepErrors } from './keep-errors.ts'
import { watchPool } from './mongo-pool.ts'
import type { Store, StoreKind } from './store.ts'

/** An index as MongoDB has it. The order of `key` counts. */
export type MongoIndex = { name: string; key: Record<string, 1 | -1>; unique?: true }

/** What a service stores in MongoDB: its entities, and its collections with their indexes, beside `_id`'s. */
export type MongoSchema = {
  entities: NonNullable<Options['entities']>
  collections: MongoCollection[]
}

/** A collection with its indexes. `former` names those that it had once: a migration drops them, and no others. */
export type MongoCollection = { name: string; indexes: MongoIndex[]; former?: string[] }

/** A service's MongoDB database: MikroORM for entities, the driver's own collections for hot paths. */
export type MongoDatabase = Store & {
  /**
   * `orm.em.fork()` is an EntityManager of one's own, to read with. Insert by `collection`: `em.insert` with plain data stores custom
   * types as they are given, and what a failed insert of an entity throws holds the document. There are no transactions.
   */
  orm: MikroORM
  /** The driver's collection, for documents of this shape. */
  collection<T extends Document>(name: string): Collection<T>
}

/** Milliseconds for one operation, waiting for a server and for a connection included; the server gets what is left of it. */
const OPERATION_MS = 3000

/**
 * Milliseconds that an operation waits for a server, for a new connection or for a free one. Much less than the two seconds that the
 * gateway gives a try of a read: otherwise its caller would hear of a deadline, and not when to come again.
 */
const CONNECT_MS = 1000

/** The driver's options; all of those that MikroORM would derive from its own are given here, for it takes one for another. */
const DRIVER_OPTIONS = {
  timeoutMS: OPERATION_MS,
  serverSelectionTimeoutMS: CONNECT_MS,
  connectTimeoutMS: CONNECT_MS,
  waitQueueTimeoutMS: CONNECT_MS,
  minPoolSize: 0,
  maxPoolSize: 20,
}

/** A MongoDB database with this schema. */
export const mongo = (schema: MongoSchema): StoreKind<MongoConfig, MongoDatabase> => ({
  kind: 'mongo',
  open: ({ mongo: options }, log) => openMongo(schema, options, log),
  look: async ({ mongo: options }) => (await import('./look-mongo.ts')).lookAtMongo(options),
  migrate: async ({ mongo: options }) => (await import('./migrate-mongo.ts')).migrateMongo(schema, options),
})

async function openMongo(
  { entities }: MongoSchema,
  { url, database }: MongoConfig['mongo'],
  log: Logger,
): Promise<MongoDatabase> {
  const orm = await MikroORM.init({
    entities,
    clientUrl: url,
    dbName: database,
    driverOptions: DRIVER_OPTIONS,
    implicitTransactions: false,
    ensureIndexes: false, // it would drop other indexes when one fails: see migrate-mongo.ts
    logger: (message) => log.info(message),
    colors: false,
  })
  keepErrors(orm)
  const client = orm.em.getConnection().getClient()
  reconnectWhenClosed(client)
  const db = orm.em.getConnection().getDb()
  return {
    orm,
    collection: (name) => db.collection(name),
    ping: async () => (await db.command({ ping: 1 }))['ok'] === 1,
    close: () => orm.close(true),
    poolUse: watchPool(client, DRIVER_OPTIONS.maxPoolSize),
  }
}

// @NOTE When its first attempt to connect fails, the driver (7.6) keeps the closed topology, and answers every operation from then
// on with "Topology is closed". Without one it connects again for the next operation; a client that was closed stays closed.
function reconnectWhenClosed(client: MongoClient) {
  client.on('topologyClosed', () => {
    ;(client as { topology?: unknown }).topology = undefined
  })
}
