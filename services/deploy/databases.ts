import { Client } from 'pg'
import { lockKey } from '#chassis/db/advisory-locks.ts'
import { lookAtPostgres } from '#chassis/db/look-postgres.ts'
import { ensureDatabaseOf, hasRole, setRole, urlOfRole } from '#chassis/db/provision.ts'
import { reach } from '#chassis/db/reach.ts'
import type { StoreKind } from '#chassis/db/store.ts'
import { addMissing } from './add-missing.ts'
import { type Kubernetes, valueOf } from './kubernetes.ts'
import { randomSecret } from './secrets.ts'

/** Milliseconds that a PostgreSQL is waited for that is down. */
const WAIT_MS = 60_000

/** A service, as far as its store matters. */
export type Stored = { name: string; definition: { store: Pick<StoreKind<never, never>, 'kind'> } }

/** The stores of a small installation. */
export type Stores = {
  /** URL of a PostgreSQL superuser. */
  postgresUrl: string
  /** URL of the MongoDB; empty: none. */
  mongoUrl: string
  say: (line: string) => void
  /** How long a PostgreSQL is waited for that is down, milliseconds. Default: a minute. */
  waitMs?: number
}

/**
 * Makes the database and the role of each service where they are absent, and the Secret `<service>-store` with the URL. A role whose
 * password a Secret knows keeps it. Several may run it at once: a lock of PostgreSQL has them do it one after another. Answers with a line
 * for each service.
 */
export async function makeDatabases(
  kubernetes: Kubernetes,
  services: readonly Stored[],
  { postgresUrl, mongoUrl, say, waitMs = WAIT_MS }: Stores,
): Promise<string[]> {
  const fault = await reach(() => lookAtPostgres(postgresUrl), { warn: say }, waitMs)
  if (fault) throw new Error(fault.message)
  const admin = new Client({ connectionString: postgresUrl })
  await admin.connect()
  try {
    await admin.query(`select pg_advisory_lock(${lockKey('databases')})`)
    const lines: string[] = []
    for (const { name, definition } of services) {
      const done =
        definition.store.kind === 'mongo'
          ? await makeMongoStore(kubernetes, name, mongoUrl)
          : await makePostgresStore(kubernetes, name, admin, postgresUrl)
      lines.push(`${name}: ${done}`)
    }
    return lines
  } finally {
    await admin.end()
  }
}

const secretOf = (service: string) => `${service}-store`

async function makePostgresStore(kubernetes: Kubernetes, service: string, admin: Client, adminUrl: string) {
  const role = `promptforge_${service}`
  const secret = await kubernetes.get(secretOf(service))
  const known = secret && valueOf(secret, 'url')
  if (known) return ensureKnown(known, service, admin, adminUrl)
  // The role first, and the Secret when it is true. Interrupted between the two, the next run gives the role another password.
  const url = urlOfRole(adminUrl, role, randomSecret())
  const isNew = !(await hasRole(admin, role))
  await setRole(admin, role, new URL(url).password)
  await ensureDatabaseOf(admin, role)
  const [added] = await addMissing(kubernetes, secretOf(service), { url: () => url })
  if (!added) throw new Error(`the Secret ${secretOf(service)} was made by somebody else meanwhile: run this again`)
  return isNew ? `made the role and database ${role}` : `gave the role ${role} a new password, for no Secret had it`
}

/** The Secret is there: what it names is made where it is absent, and changed nowhere. */
async function ensureKnown(text: string, service: string, admin: Client, adminUrl: string): Promise<string> {
  const [url, server] = [new URL(text), new URL(adminUrl)]
  const role = decodeURIComponent(url.username)
  if (url.host !== server.host || role !== `promptforge_${service}` || url.pathname !== `/${role}`) {
    return `left as it is, because the Secret ${secretOf(service)} names another server or role`
  }
  const isThere = await hasRole(admin, role)
  if (!isThere) await setRole(admin, role, decodeURIComponent(url.password))
  await ensureDatabaseOf(admin, role)
  if (await lookAtPostgres(text)) {
    throw new Error(
      `PostgreSQL refuses the password of ${role} in the Secret ${secretOf(service)}: correct it, or delete the Secret to give the role a new one`,
    )
  }
  return isThere ? 'has its database' : `made the role and database ${role} for the Secret that is there`
}

async function makeMongoStore(kubernetes: Kubernetes, service: string, mongoUrl: string): Promise<string> {
  if (mongoUrl === '')
    return `nothing to do, for PF_MONGO_URL is not set: the Secret ${secretOf(service)} is made by somebody else`
  const added = await addMissing(kubernetes, secretOf(service), { url: () => mongoUrl })
  return added.length > 0 ? `made the Secret ${secretOf(service)}` : 'has its Secret'
}
