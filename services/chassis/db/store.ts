import type { EntityManager } from '@mikro-orm/postgresql'
import type { OutboxStore } from '../events/outbox-store.ts'
import type { Job } from '../jobs.ts'
import type { Lead } from '../leader.ts'
import type { Logger } from '../logger.ts'
import type { Schema } from './orm.ts'
import type { StoreFault } from './reach.ts'
import type { Sql } from './statements.ts'
import type { Transaction } from './transaction.ts'

/** How much of a pool of connections is used at the moment. */
export type PoolUse = {
  /** Connections on which something runs. */
  inUse: number
  /** Requests for a connection that have none yet. */
  waiting: number
  /** Connections at the most. */
  size: number
}

/** A service's opened database, as far as the chassis must know it. */
export type Store = {
  /** Whether it answers. */
  ping(): Promise<boolean>
  close(): Promise<void>
  poolUse(): PoolUse
  /** Runs on one replica what only one should do. A MongoDB elects nobody. */
  lead?: Lead
  /** Where events wait for the relay, which runs on one replica. A MongoDB has none. */
  outbox?: OutboxStore
  /** Whether it has the table of idempotency keys. */
  storesKeys?: boolean
  /** What keeps it in order. */
  jobs?: Job[]
  /** What handlers get of it with each call. A MongoDB has neither: handlers find theirs in the context. */
  fork?(): EntityManager
  sql?: Sql
  transaction?: Transaction
}

/** A kind of database: `postgres(schema)` or `mongo(…)`. */
export type StoreKind<C, S extends Store> = {
  kind: 'postgres' | 'mongo'
  /** What is stored in a PostgreSQL. */
  schema?: Schema
  /**
   * Opens it. It connects when first used, so that a service starts while its database is down. `onWrite` is called after each
   * transaction that may have stored events.
   */
  open(config: C, log: Logger, onWrite: () => void): Promise<S>
  /** Connects once, and answers with what is wrong. Throws what nobody who runs the service could mend. */
  look(config: C): Promise<StoreFault | undefined>
  /** Brings it up to date, and answers with the names of what was applied. Several processes may do it at once. */
  migrate(config: C, log: Logger): Promise<string[]>
}
