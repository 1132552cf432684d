import { createHash } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { Client } from 'pg'
import type { TestNetwork } from './harness.ts'

/** Written to by nobody's request: time passes, and jobs look after them. */
const BY_ITSELF = [
  'prompt_rank',
  'prompt_rank_due',
  'trending_prompts',
  'categories',
  'signing_keys',
  'license_signing_keys',
  'mikro_orm_migrations',
]

/** A fingerprint of every table and collection of every service: `prompt.prompts` → rows and their hash. */
export async function contentsOf({ services }: TestNetwork): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(services).map(async ([name, { databaseUrl }]) => {
      const tables = await (databaseUrl.startsWith('mongodb') ? collections : fingerprints)(databaseUrl)
      return tables.map(([table, print]) => [`${name}.${table}`, print] as const)
    }),
  )
  return Object.fromEntries(entries.flat())
}

async function fingerprints(url: string): Promise<[table: string, print: string][]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public' and tablename <> all($1)`,
      [BY_ITSELF],
    )
    const prints: [string, string][] = []
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

async function collections(url: string): Promise<[collection: string, print: string][]> {
  const client = await MongoClient.connect(url)
  try {
    const prints: [string, string][] = []
    for (const { name } of await client.db().listCollections({}, { nameOnly: true }).toArray()) {
      if (BY_ITSELF.includes(name)) continue
      const documents = await client.db().collection(name).find().sort({ _id: 1 }).toArray()
      const hash = createHash('sha256').update(JSON.stringify(documents)).digest('hex')
      prints.push([name, `${documents.length} ${hash}`])
    }
    return prints
  } finally {
    await client.close()
  }
}
