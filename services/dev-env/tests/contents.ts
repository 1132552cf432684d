import { createHash } from 'node:crypto'
import { BSON, MongoClient } from 'mongodb'
import { Client } from 'pg'
import type { TestNetwork } from './harness.ts'

/** Written to by nobody's request: time passes, and jobs look after them. */
const BY_ITSELF = ['prompt_rank', 'prompt_rank_due', 'categories', 'signing_keys', 'mikro_orm_migrations', 'leases']

/** A fingerprint of every table and collection of every service: `prompt.prompts` → rows and their hash. */
export async function contentsOf({ services }: TestNetwork): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(services).map(async ([name, { databaseUrl }]) => {
      const prints = await (databaseUrl.startsWith('mongodb') ? ofCollections : ofTables)(databaseUrl)
      return prints.map(([table, print]) => [`${name}.${table}`, print] as const)
    }),
  )
  return Object.fromEntries(entries.flat())
}

type Print = [name: string, print: string]

async function ofTables(url: string): Promise<Print[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> all($1)`,
      [BY_ITSELF],
    )
    const prints: Print[] = []
    for (const { name } of rows) {
      const { rows: found } = await client.query<{ print: string }>(
        `select count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as print from "${name}" t`,
      )
      prints.push([name, found[0]!.print])
    }
    return prints
  } finally {
    await client.end()
  }
}

async function ofCollections(url: string): Promise<Print[]> {
  const client = await MongoClient.connect(url)
  try {
    const collections = (await client.db().collections()).filter((one) => !BY_ITSELF.includes(one.collectionName))
    return await Promise.all(
      collections.map(async (collection): Promise<Print> => {
        // When the event of a document was published is the relay's, as is the mark of an outbox.
        const documents = await collection.find({}, { projection: { publishedAt: 0 }, sort: { _id: 1 } }).toArray()
        const hash = createHash('md5')
        for (const document of documents) hash.update(BSON.serialize(document))
        return [collection.collectionName, `${documents.length} ${hash.digest('hex')}`]
      }),
    )
  } finally {
    await client.close()
  }
}
