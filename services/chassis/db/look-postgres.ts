import { Client } from 'pg'
import { databaseFailure, driverCode } from './failures.ts'
import { faultOf, type StoreFault } from './reach.ts'

/** Milliseconds that PostgreSQL has to let us in. */
const CONNECT_MS = 5000

/** The oldest PostgreSQL that has what the statements use, as its `server_version_num`: `RETURNING old` came with 18. */
const OLDEST = 18_00_00

/** Connects once, and answers with what is wrong. */
export async function lookAtPostgres(url: string): Promise<StoreFault | undefined> {
  let version = OLDEST
  const fault = await faultOf(async () => (version = await connect(url)), explain)
  return fault ?? tooOld(version)
}

/** What is wrong with a server whose `server_version_num` is this: 150004 is 15.4. */
export function tooOld(version: number): StoreFault | undefined {
  if (version >= OLDEST) return undefined
  const [major, minor] = [Math.trunc(version / 10_000), version % 10_000]
  return {
    isDown: false,
    message: `PostgreSQL is version ${major}.${minor}, and 18 or newer is needed: upgrade it, or name another one in PF_POSTGRES_URL`,
  }
}

/** Answers with the server's `server_version_num`. */
async function connect(url: string): Promise<number> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => undefined) // the query that is under way fails, too
  try {
    await client.connect()
    const { rows } = await client.query('show server_version_num')
    return Number(rows[0].server_version_num)
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
