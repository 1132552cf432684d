import type { PostgresConfig } from '../config.ts'
import { deleteHandled } from '../events/inbox.ts'
import { deletePublished, postgresOutbox } from '../events/postgres-outbox.ts'
import type { Job } from '../jobs.ts'
import { deleteOldKeys } from './idempotency.ts'
import { type ChassisTable, type Database, openDatabase, type Schema } from './orm.ts'
import type { Sql } from './statements.ts'
import type { StoreKind } from './store.ts'

/** What keeps each of the chassis's tables small. */
const JOBS: Record<ChassisTable, (sql: Sql) => Job> = {
  idempotency_keys: deleteOldKeys,
  inbox: deleteHandled,
  outbox: deletePublished,
}

/** A PostgreSQL database with this schema. */
export const postgres = (schema: Schema): StoreKind<PostgresConfig, Database> => ({
  kind: 'postgres',
  schema,
  open: async ({ postgres: options }, log, onWrite) => {
    const database = await openDatabase(schema, options, log, onWrite)
    const { sql } = database
    const { tables } = schema
    return {
      ...database,
      ...(tables.includes('outbox') && { outbox: postgresOutbox(sql) }),
      storesKeys: tables.includes('idempotency_keys'),
      jobs: tables.map((table) => JOBS[table](sql)),
    }
  },
  look: async ({ postgres: { url } }) => (await import('./look-postgres.ts')).lookAtPostgres(url),
  // Loaded only where it is asked for: a service at rest has no use for the migrator.
  migrate: async ({ postgres: { url } }, log) => (await import('./migrate.ts')).migrate(schema, url, log),
})
