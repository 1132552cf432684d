import { createHash, randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { Client } from 'pg'
import { lockKey } from '../db/advisory-locks.ts'
import { migrate } from '../db/migrate.ts'
import type { Schema } from '../db/orm.ts'
import { createLogger } from '../logger.ts'

/** A database of a test file's own. */
export type TestDatabase = {
  url: string
  /** The environment by which a service finds it. */
  env: Record<string, string>
  /** Runs a statement past the service, for arranging and for looking at what is stored. */
  query<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>
  /** Drops it, and closes all connections to it. */
  drop(): Promise<void>
}

/** Makes a database on the server that the test run started, with the tables of `schema` when one is given. */
export async function testDatabase(schema?: Schema): Promise<TestDatabase> {
  const admin = process.env['PF_TEST_POSTGRES_URL']
  if (!admin) throw new Error('PF_TEST_POSTGRES_URL is not set: run the tests with `npm test`')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const copy = schema ? ` template ${await templateOf(schema, admin)} strategy file_copy` : ''
  await onServer(admin, (server) => server.query(`create database ${name}${copy}`))
  const url = urlOf(admin, name)
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return {
    url,
    env: { PF_POSTGRES_URL: url },
    query: async (text, values) => (await client.query(text, values)).rows,
    drop: async () => {
      await client.end()
      await onServer(admin, (server) => server.query(`drop database ${name} with (force)`))
    },
  }
}

/**
 * The database that those with this schema are copied from: migrating each would take ten times as long. Who needs it first makes it,
 * for all processes of the run. Two schemas are the same when the code of their migrations is.
 */
async function templateOf(schema: Schema, admin: string): Promise<string> {
  const code = schema.migrations.map((one) => ('class' in one ? one.name + String(one.class) : String(one)))
  const name = `${prefixOfTemplates()}${createHash('sha256').update(code.join()).digest('hex').slice(0, 16)}`
  await onServer(admin, async (server) => {
    await server.query(`select pg_advisory_lock(${lockKey('templates')})`)
    const { rowCount: isThere } = await server.query('select from pg_database where datname = $1', [name])
    if (isThere) return
    // One whose making was interrupted has the name of a draft still.
    const draft = `${name}_draft`
    await server.query(`drop database if exists ${draft} with (force)`)
    await server.query(`create database ${draft}`)
    await migrate(schema, urlOf(admin, draft), createLogger('test', 'silent'))
    await server.query(`alter database ${draft} rename to ${name}`)
  })
  return name
}

/** Drops what databases were copied from, on a server that stays when the test run ends. */
export const dropTemplates = (admin: string): Promise<void> =>
  onServer(admin, async (server) => {
    const { rows } = await server.query('select datname from pg_database where starts_with(datname, $1)', [
      prefixOfTemplates(),
    ])
    for (const { datname } of rows) await server.query(`drop database ${datname} with (force)`)
  })

// Of this run: its folder has a name of its own.
const prefixOfTemplates = () => `${basename(process.env['PF_TEST_FOLDER']!).replace('-', '_')}_template_`

async function onServer(admin: string, work: (server: Client) => Promise<unknown>): Promise<void> {
  const server = new Client({ connectionString: admin })
  await server.connect()
  try {
    await work(server)
  } finally {
    await server.end()
  }
}

function urlOf(admin: string, database: string): string {
  const url = new URL(admin)
  url.pathname = `/${database}`
  return url.href
}
