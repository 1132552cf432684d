import type { TestDatabase } from './database.ts'

/** What PostgreSQL's catalogs say of one table. */
export type Table = {
  /** Type, `not null`, default or expression, by column, in the order of the table. */
  columns: Record<string, string>
  /** Definitions, as PostgreSQL prints them, without names, sorted. */
  constraints: string[]
  /**
   * Definitions from the method on, `unique` before them, without those that constraints make,
   * sorted.
   */
  indexes: string[]
}

/** The table of the chassis's own, as every service should have it. */
export const IDEMPOTENCY_KEYS: Table = {
  columns: {
    caller_id: 'uuid not null',
    method: 'varchar(200) not null',
    key: 'uuid not null',
    request_hash: 'bytea not null',
    resource_id: 'uuid not null',
    created_at: 'timestamptz(3) not null default now()',
  },
  constraints: ['PRIMARY KEY (caller_id, method, key)'],
  indexes: ['btree (created_at)'],
}

/** The outbox, as every service that emits events should have it. */
export const OUTBOX: Table = {
  columns: {
    id: 'uuid not null',
    subject: 'varchar(200) not null',
    payload: 'json not null',
    headers: "json not null default '{}'::json",
    occurred_at: 'timestamptz(3) not null',
    created_at: 'timestamptz(3) not null default now()',
    attempts: 'integer not null default 0',
    processed_at: 'timestamptz(3)',
    abandoned_at: 'timestamptz(3)',
  },
  constraints: ['PRIMARY KEY (id)'],
  indexes: ['btree (id) WHERE ((processed_at IS NULL) AND (abandoned_at IS NULL))'],
}

/** The inbox, as a service that consumes with `inboxCte` should have it. */
export const INBOX: Table = {
  columns: {
    consumer: 'varchar(100) not null',
    event_id: 'uuid not null',
    processed_at: 'timestamptz(3) not null default now()',
  },
  constraints: ['PRIMARY KEY (consumer, event_id)'],
  indexes: ['btree (processed_at)'],
}

/** The inbox of a service that is told of events whose ids are text. */
export const TEXT_INBOX: Table = { ...INBOX, columns: { ...INBOX.columns, event_id: 'varchar(255) not null' } }

/** A table of signing keys. */
export const SIGNING_KEYS: Table = {
  columns: {
    kid: 'varchar(64) not null',
    public_jwk: 'jsonb not null',
    private_key: 'bytea not null',
    published_at: 'timestamptz(3) not null',
    active_from: 'timestamptz(3) not null',
    retired_at: 'timestamptz(3)',
  },
  constraints: ['PRIMARY KEY (kid)'],
  indexes: [],
}

/** Reads a table from the live catalogs, to compare it with what it should be. */
export async function readTable({ query }: Pick<TestDatabase, 'query'>, name: string): Promise<Table> {
  const columns = await query<{ column: string; definition: string }>(COLUMNS, [name])
  const constraints = await query<{ definition: string }>(CONSTRAINTS, [name])
  const indexes = await query<{ definition: string }>(INDEXES, [name])
  return {
    columns: Object.fromEntries(columns.map(({ column, definition }) => [column, short(definition)])),
    constraints: constraints.map(({ definition }) => short(definition)),
    indexes: indexes.map(({ definition }) =>
      short(definition.replace(/^CREATE (UNIQUE )?INDEX \S+ ON (?:ONLY )?\S+ USING /, '$1')),
    ),
  }
}

/** Types by their short names, on one line. */
const short = (definition: string) =>
  definition
    .replaceAll('character varying', 'varchar')
    .replaceAll('character(', 'char(')
    .replaceAll('timestamp(3) with time zone', 'timestamptz(3)')
    .replaceAll(/\s+/g, ' ')

const COLUMNS = `
  select a.attname as column, format_type(a.atttypid, a.atttypmod)
    || case when a.attnotnull then ' not null' else '' end
    || coalesce(case a.attgenerated when 's' then ' generated ' else ' default ' end || pg_get_expr(d.adbin, d.adrelid), '')
    as definition
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
  order by a.attnum`

const CONSTRAINTS = `
  select pg_get_constraintdef(oid) as definition from pg_constraint
  where conrelid = $1::regclass and contype <> 'n'
  order by 1`

const INDEXES = `
  select pg_get_indexdef(i.indexrelid) as definition from pg_index i
  where i.indrelid = $1::regclass and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u'))
  order by 1`
