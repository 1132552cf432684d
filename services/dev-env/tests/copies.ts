import { cpSync, rmSync } from 'node:fs'
import { MongoClient } from 'mongodb'
import { Client, escapeIdentifier } from 'pg'
import { relayedBy } from '#contracts/events.ts'
import { onDatabase } from '../../../scripts/processes/on-database.ts'
import type { TestNetwork } from './harness.ts'

/** Copies of all stores of a network at one time. */
export type Copies = {
  /** Puts the copy of one service's database, or of JetStream, in the place of what is there. The services go on, as after an outage. */
  restore(store: string): Promise<void>
  remove(): Promise<void>
}

/**
 * Copies every database and the messages of NATS. What is written meanwhile is in some of them. The last events in the outboxes of the copies have not been published, as
 * it is whenever a backup meets a service that works.
 */
export async function copyStores(network: TestNetwork): Promise<Copies> {
  const stores: Record<string, Copies> = {}
  for (const [name, { databaseUrl }] of Object.entries(network.services)) {
    stores[name] = databaseUrl.startsWith('mongodb')
      ? await copyMongo(databaseUrl)
      : await copyPostgres(databaseUrl, relayedBy(name).length > 0 ? UNPUBLISHED : 'select')
  }
  stores['jetstream'] = await copyMessages(network)
  return {
    restore: (store) => stores[store]!.restore(store),
    remove: async () => {
      for (const { remove } of Object.values(stores)) await remove()
    },
  }
}

const UNPUBLISHED = `update outbox set processed_at = null where id = any (array(select id from outbox order by id desc limit 5))`

/** `change` is a statement that is run in the copy. */
async function copyPostgres(url: string, change: string): Promise<Copies> {
  const name = new URL(url).pathname.slice(1)
  const [database, copy, owner] = [name, `${name}_copy`, name].map(escapeIdentifier)
  await asSuperuser(async (query) => {
    await query(`alter database ${database} with allow_connections false`)
    await query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}'`)
    await query(`create database ${copy} template ${database} owner ${owner}`)
    await query(`alter database ${database} with allow_connections true`)
  })
  await onDatabase(`${url}_copy`, change)
  return {
    restore: () =>
      asSuperuser(async (query) => {
        await query(`drop database ${database} with (force)`)
        await query(`create database ${database} template ${copy} owner ${owner}`)
      }),
    remove: () => asSuperuser((query) => query(`drop database ${copy} with (force)`)),
  }
}

async function asSuperuser(work: (query: (text: string) => Promise<void>) => Promise<void>) {
  const client = new Client({ connectionString: process.env['PF_TEST_POSTGRES_URL']! })
  await client.connect()
  try {
    await work(async (text) => void (await client.query(text)))
  } finally {
    await client.end()
  }
}

async function copyMongo(url: string): Promise<Copies> {
  const onDatabase = async <T>(work: (database: ReturnType<MongoClient['db']>) => Promise<T>): Promise<T> => {
    const client = await MongoClient.connect(url)
    try {
      return await work(client.db())
    } finally {
      await client.close()
    }
  }
  const copy = await onDatabase(async (database) => {
    const names = (await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
    return Promise.all(names.map(async (name) => [name, await database.collection(name).find().toArray()] as const))
  })
  return {
    // The indexes stay, as a backup has them, too.
    restore: () =>
      onDatabase(async (database) => {
        for (const [name, documents] of copy) {
          await database.collection(name).deleteMany({})
          if (documents.length > 0) await database.collection(name).insertMany([...documents])
        }
      }),
    remove: () => Promise.resolve(),
  }
}

async function copyMessages({ broker }: TestNetwork): Promise<Copies> {
  const { data } = broker
  const copy = `${data}-copy`
  await broker.away(async () => cpSync(data, copy, { recursive: true }))
  return {
    restore: () =>
      broker.away(async () => {
        rmSync(data, { recursive: true })
        cpSync(copy, data, { recursive: true })
      }),
    remove: async () => rmSync(copy, { recursive: true, force: true }),
  }
}
