import type { PostgresConfig } from '../config.ts'
import { deletePublished, postgresOutbox } from '../events/postgres-outbox.ts'
import { deleteOldKeys } from './idempotency.ts'
import { type Database, openDatabase, type Schema } from './orm.ts'
import type { StoreKind } from './store.ts'

/** A PostgreSQL database with this schema, whose first migration makes the chassis's tables (`CHASSIS_TABLES`). */
export const postgres = (schema: Schema): StoreKind<PostgresConfig, Database> => ({
  kind: 'postgres',
  open: async ({ postgres: options }, log, onWrite) => {
    const database = await openDatabase(schema, options, log, onWrite)
    const { sql } = database
    return { ...database, outbox: postgresOutbox(sql), jobs: [deleteOldKeys(sql), deletePublished(sql)] }
  },
  // Loaded only where it is asked for: a service at rest has no use for the migrator.
  migrate: async ({ postgres: { url } }, log) => (await import('./migrate.ts')).migrate(schema, url, log),
})
