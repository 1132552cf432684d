import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
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

/** Makes a database on the server that the test run started, with `schema` migrated into it when one is given. */
export async function testDatabase(schema?: Schema): Promise<TestDatabase> {
  const admin = process.env['PF_TEST_POSTGRES_URL']
  if (!admin) throw new Error('PF_TEST_POSTGRES_URL is not set: run the tests with `npm test`')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(admin, `create database ${name}`)
  const url = new URL(admin)
  url.pathname = `/${name}`
  if (schema) await migrate(schema, url.href, createLogger('test', 'silent'))
  const client = new Client({ connectionString: url.href })
  client.on('error', () => undefined)
  await client.connect()
  return {
    url: url.href,
    env: { PF_POSTGRES_URL: url.href },
    query: async (text, values) => (await client.query(text, values)).rows,
    drop: async () => {
      await client.end()
      await asAdmin(admin, `drop database ${name} with (force)`)
    },
  }
}

async function asAdmin(url: string, statement: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}
