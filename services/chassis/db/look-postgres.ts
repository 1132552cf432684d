import { Client } from 'pg'
import { databaseFailure, driverCode } from './failures.ts'
import { faultOf, type StoreFault } from './reach.ts'

/** Milliseconds that PostgreSQL has to let us in. */
const CONNECT_MS = 5000

/** Connects once, and answers with what is wrong. */
export const lookAtPostgres = (url: string): Promise<StoreFault | undefined> => faultOf(() => connect(url), explain)

async function connect(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => undefined) // the query that is under way fails, too
  try {
    await client.connect()
    await client.query('select 1')
  } finally {
    await client.end().catch(() => undefined)
  }
}

function explain(error: unknown): StoreFault | undefined {
  const code = driverCode(error)
  if (code?.startsWith('28')) return refused('PostgreSQL refuses the user or the password: correct them')
  if (code === '3D000') return refused('PostgreSQL does not have the database: create it, or correct its name')
  if (code === '42501') return refused('PostgreSQL does not let the user connect to the database: correct one of them')
  if (databaseFailure(error)?.reason !== 'DEPENDENCY_UNAVAILABLE') return undefined
  return { isDown: true, message: 'PostgreSQL does not answer: start it, or correct host and port in PF_POSTGRES_URL' }
}

const refused = (what: string): StoreFault => ({ isDown: false, message: `${what} in PF_POSTGRES_URL` })
