import { MongoClient } from 'mongodb'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'

/**
 * Makes a database and a role of the same name that owns it, where they are absent, and answers with the role's URL. No other
 * role but the superuser can connect to it.
 */
export async function ensureDatabase(adminUrl: string, name: string, password: string): Promise<string> {
  const admin = new Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    const id = escapeIdentifier(name)
    const { rowCount: roles } = await admin.query('select from pg_roles where rolname = $1', [name])
    await admin.query(`${roles ? 'alter' : 'create'} role ${id} with login password ${escapeLiteral(password)}`)
    const { rowCount: databases } = await admin.query('select from pg_database where datname = $1', [name])
    if (!databases) await admin.query(`create database ${id} owner ${id}`)
    await admin.query(`revoke connect on database ${id} from public`)
  } finally {
    await admin.end()
  }
  const url = new URL(adminUrl)
  url.username = name
  url.password = password
  url.pathname = `/${name}`
  return url.href
}

/** Drops databases and their roles, and closes their connections; for tests that shared a server. */
export async function dropDatabases(adminUrl: string, names: string[]): Promise<void> {
  const admin = new Client({ connectionString: adminUrl })
  await admin.connect()
  for (const name of names.map(escapeIdentifier)) {
    await admin.query(`drop database if exists ${name} with (force)`)
    await admin.query(`drop role if exists ${name}`)
  }
  await admin.end()
}

/** The URL of a database on a MongoDB server. */
export const mongoDatabase = (url: string, name: string) =>
  url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, (_, server: string) => `${server}/${name}`)

/** Drops the database that a MongoDB URL names. */
export async function dropMongoDatabase(url: string): Promise<void> {
  const client = new MongoClient(url)
  await client.db().dropDatabase()
  await client.close()
}
