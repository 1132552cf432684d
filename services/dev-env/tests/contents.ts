import { Client } from 'pg'
import type { TestNetwork } from './harness.ts'

/** Written to by nobody's request: time passes, and jobs look after them. */
const BY_ITSELF = ['prompt_rank', 'prompt_rank_due', 'categories', 'signing_keys', 'mikro_orm_migrations']

/** A fingerprint of every table of every service: `prompt.prompts` → rows and their hash. */
export async function contentsOf({ services }: TestNetwork): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(services).map(async ([name, { databaseUrl }]) => {
      const tables = await fingerprints(databaseUrl)
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
