import { defineConfig, type EntityManager, MikroORM, type Options } from '@mikro-orm/postgresql'
import { Client, type Pool } from 'pg'
import { createLead } from '../leader.ts'
import type { Logger } from '../logger.ts'
import { openAdvisoryLocks } from './advisory-locks.ts'
import { UsedKey } from './idempotency-key.entity.ts'
import { keepErrors } from './keep-errors.ts'
import { bearDeaths } from './pool.ts'
import { socketEndingAfter } from './sockets.ts'
import { createSql, type Sql } from './statements.ts'
import type { Store } from './store.ts'
import { createTransaction, type Transaction } from './transaction.ts'

/**
 * Milliseconds after which PostgreSQL gives up a statement, waiting for a lock, a transaction that does nothing, and a session that
 * does nothing: its client closes those sooner, unless the network between them has swallowed that.
 */
const SESSION_LIMITS = [
  '-c statement_timeout=3000',
  '-c lock_timeout=1000',
  '-c idle_in_transaction_session_timeout=10000',
  '-c idle_session_timeout=10000',
].join(' ')

/** Milliseconds that a query waits for a free connection, or for a new one, before the caller hears UNAVAILABLE. */
const CONNECT_MS = 1000

/** Milliseconds of silence that end a connection: more than any statement may take; an idle one is closed before. */
const SILENT_MS = 5000
const IDLE_MS = 4000

/** Milliseconds that a statement of maintenance may take. */
const MAINTENANCE_MS = 120_000

/** The tables that the chassis uses in a service's database, each with the job that keeps it small. */
export type ChassisTable = 'idempotency_keys' | 'inbox' | 'outbox'

/** What a service stores. */
export type Schema = {
  entities: NonNullable<Options['entities']>
  /** The chassis's tables that this service uses. */
  tables: readonly ChassisTable[]
  /** What makes the tables of both, oldest first. */
  migrations: NonNullable<NonNullable<Options['migrations']>['migrationsList']>
}

/** A service's PostgreSQL database: MikroORM for the unit of work, its own pool for named statements. */
export type Database = Store & {
  orm: MikroORM
  sql: Sql
  pool: Pool
  /** An EntityManager for one call. */
  fork(): EntityManager
  /** A unit of work with its events, for what is caused by a consumed event or a job. A call has one of its own. */
  transaction: Transaction
  /** Runs maintenance on a connection of its own, where a statement may take two minutes. */
  maintain<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** Whether the database answers. */
  ping(): Promise<boolean>
  close(): Promise<void>
}

/** Opens a database. It connects when first used, so a service starts while its database is still down. */
export async function openDatabase(
  schema: Schema,
  { url, poolSize }: { url: string; poolSize: number },
  log: Logger,
  onWrite: () => void = () => undefined,
): Promise<Database> {
  const orm = await MikroORM.init(
    ormOptions(schema, url, log, {
      max: poolSize,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: IDLE_MS,
      options: SESSION_LIMITS,
      stream: socketEndingAfter(SILENT_MS),
    }),
  )
  keepErrors(orm)
  const pool = (await orm.em.getConnection().getNativeClient()) as Pool
  bearDeaths(pool)
  const fork = () => orm.em.fork()
  const locks = openAdvisoryLocks(url)
  return {
    orm,
    pool,
    sql: createSql(pool),
    fork,
    transaction: createTransaction(fork, onWrite),
    maintain: (work) => withOwnConnection(url, work),
    ping: async () => (await pool.query('select 1')).rowCount === 1,
    lead: createLead(locks.take, log),
    poolUse: () => ({ inUse: pool.totalCount - pool.idleCount, waiting: pool.waitingCount, size: poolSize }),
    close: async () => {
      await locks.close()
      await orm.close(true)
      // MikroORM ends it only when it has used it itself.
      if (!pool.ending) await pool.end()
    },
  }
}

async function withOwnConnection<T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: MAINTENANCE_MS,
    lock_timeout: 1000,
    stream: socketEndingAfter(MAINTENANCE_MS + SILENT_MS),
  })
  // A query that is under way fails by itself.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(createSql(client))
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** MikroORM's options for a schema; `driverOptions` are those of `pg.Pool`. */
export function ormOptions(
  { entities, tables, migrations }: Schema,
  clientUrl: string,
  log: Logger,
  driverOptions: object,
) {
  return defineConfig({
    entities: [...entities, ...(tables.includes('idempotency_keys') ? [UsedKey] : [])],
    clientUrl,
    driverOptions,
    migrations: { migrationsList: migrations, snapshot: false, transactional: true, allOrNothing: false },
    connect: false,
    ensureDatabase: false, // it would connect at once, and make a database that the configuration misspells
    logger: (message) => log.info(message),
    colors: false,
    ignoreDeprecations: true,
  } as Options) as Options
}
