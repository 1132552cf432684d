import { Client } from 'pg'

/** Keeps all roles but the superuser out of the databases that every cluster has. */
export async function closeCommonDatabases(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query('revoke connect on database postgres, template1 from public')
  } finally {
    await client.end()
  }
}

/** Whether a PostgreSQL takes connections at `url`. Throws when it refuses the user or the password. */
export async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return true
  } catch (error) {
    const refused = String((error as { code?: string }).code).startsWith('28')
    if (refused) throw error
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}
