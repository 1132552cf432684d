import { type Document, MongoClient, UUID } from 'mongodb'
import { Client, type QueryResultRow } from 'pg'

/** Rows of a page. */
const PAGE_ROWS = 1000

/** Which rows are read in pages: all of `from` for which `where` is true, in the order of the columns `key`, which are UUIDs and together unique. */
export type Rows = { select: string; from: string; key: readonly [string, ...string[]]; where?: string }

/** A version as the version service stores it, without its text. */
export type Version = { promptId: string; version: number; title: string; versionId: string }

/** The stores of all services, of which nothing is changed. */
export type Stores = AsyncDisposable & {
  /** Runs a statement on the database of a service on PostgreSQL, in a transaction that can only read. */
  query<Row extends QueryResultRow>(service: string, text: string, ...values: unknown[]): Promise<Row[]>
  /** Rows of such a database, of which one page is in memory at a time. */
  pages<Row extends QueryResultRow>(service: string, rows: Rows): AsyncGenerator<Row[]>
  /** The versions of these prompts, in their order. */
  versionsOf(promptIds: readonly string[]): Promise<Version[]>
  /** Those with these ids. */
  versionsById(versionIds: readonly string[]): Promise<Version[]>
  /** The versions that were stored since a time, page by page, newest first. */
  versionsSince(time: Date): AsyncGenerator<Version[]>
}

/**
 * Opens the stores of all services, by name: URLs of PostgreSQL and MongoDB. Without `mongoDatabase` the URL names the database. It connects to a store when
 * something is asked of it.
 */
export function openStores(urls: Readonly<Record<string, string>>, mongoDatabase?: string): Stores {
  const clients = new Map<string, Promise<Client>>()
  const clientOf = (service: string) => {
    const found = clients.get(service) ?? connect(urls[service]!)
    clients.set(service, found)
    return found
  }
  const mongoUrl = Object.values(urls).find((url) => url.startsWith('mongodb'))!
  let mongo: Promise<MongoClient> | undefined
  const versions = async () => {
    mongo ??= MongoClient.connect(mongoUrl)
    return (await mongo).db(mongoDatabase).collection('prompt_versions')
  }
  const find = async (filter: object) =>
    (await versions()).find(filter).project(WITHOUT_TEXT).sort({ promptId: 1, version: 1 }).map(toVersion).toArray()
  const query: Stores['query'] = async <Row extends QueryResultRow>(
    service: string,
    text: string,
    ...values: unknown[]
  ) => (await (await clientOf(service)).query<Row>(text, values)).rows

  return {
    query,
    pages: async function* <Row extends QueryResultRow>(service: string, { select, from, key, where = 'true' }: Rows) {
      const names = key.map((column, index) => `${column} as after_${index}`).join(', ')
      const parameters = key.map((_, index) => `$${index + 1}::uuid`).join(', ')
      const text = `select ${select}, ${names} from ${from}
        where (${key.join(', ')}) > (${parameters}) and (${where}) order by ${key.join(', ')} limit ${PAGE_ROWS}`
      let after = key.map(() => FIRST)
      for (;;) {
        const page = await query<Row & Record<string, string>>(service, text, ...after)
        if (page.length > 0) yield page
        if (page.length < PAGE_ROWS) return
        after = key.map((_, index) => page.at(-1)![`after_${index}`]!)
      }
    },
    versionsOf: (ids) => find({ promptId: { $in: ids.map((id) => new UUID(id)) } }),
    versionsById: (ids) => find({ versionId: { $in: ids.map((id) => new UUID(id)) } }),
    versionsSince: async function* (time) {
      const cursor = (await versions())
        .find({ createdAt: { $gte: time } })
        .project(WITHOUT_TEXT)
        .sort({ createdAt: -1 })
        .batchSize(PAGE_ROWS)
      let page: Version[] = []
      for await (const document of cursor) {
        page.push(toVersion(document))
        if (page.length < PAGE_ROWS) continue
        yield page
        page = []
      }
      if (page.length > 0) yield page
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients.values()) await client.then((one) => one.end()).catch(() => undefined)
      await mongo?.then((one) => one.close())
    },
  }
}

/** Before all ids. */
const FIRST = '00000000-0000-0000-0000-000000000000'

const WITHOUT_TEXT = { promptId: 1, version: 1, title: 1, versionId: 1, _id: 0 }

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString })
  // What is asked of it next fails, and says why.
  client.on('error', () => undefined)
  await client.connect()
  await client.query('set session characteristics as transaction read only')
  return client
}

const toVersion = (document: Document): Version => ({
  promptId: (document['promptId'] as UUID).toString(),
  version: document['version'] as number,
  title: document['title'] as string,
  versionId: (document['versionId'] as UUID).toString(),
})
