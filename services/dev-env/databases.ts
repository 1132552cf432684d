import { createHmac } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { Client, escapeIdentifier } from 'pg'
import { ensureDatabaseOf, hasRole, setRole, urlOfRole } from '#chassis/db/provision.ts'
import { answers } from './infra/postgres-url.ts'

/**
 * Makes a database and a role of the same name that owns it, where they are absent, and answers with the role's URL. No other
 * role but the superuser can connect to it. The role's password comes from `secret` and its name. A role with another one was made
 * by a clone with other secrets, which this one cannot read the data without: throws, and says what to do.
 */
export async function ensureDatabase(adminUrl: string, name: string, secret: string): Promise<string> {
  const password = createHmac('sha256', secret).update(name).digest('base64url')
  const url = urlOfRole(adminUrl, name, password)
  const admin = new Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    const isThere = await hasRole(admin, name)
    // Once all roles had the secret itself for their password.
    if (isThere && !(await isLetIn(url)) && !(await isLetIn(urlOfRole(adminUrl, name, secret)))) throw foreignData(url)
    await setRole(admin, name, password)
    await ensureDatabaseOf(admin, name)
  } finally {
    await admin.end()
  }
  return url
}

/** Whether the server accepts the user and password of a URL; its database need not be there. */
const isLetIn = (url: string) =>
  answers(url).then(
    () => true,
    () => false,
  )

const foreignData = (url: string) =>
  new Error(
    `PostgreSQL at ${new URL(url).host} has data of a clone that is gone, and the secrets that they were written with are gone too.
To delete these data and begin again, run: npm start -- --fresh
(Where PF_POSTGRES_URL is set, drop the databases and roles promptforge_* of that server instead.)
To keep them, put back .promptforge/secrets.json of that clone, and start again.`,
  )

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
