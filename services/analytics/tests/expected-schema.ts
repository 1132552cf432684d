import type { Table } from '#chassis/testing/catalog.ts'

const TIME = 'timestamptz(3)'
const XID = 'xid8 default pg_current_xact_id()'

const EVENT_KEYS = ['PRIMARY KEY (id, event_time)', 'UNIQUE (event_id, event_time)']

/** The two tables as the seed has them, with the deviations of data.md; `indexes` are their leading columns. */
export const SEED: Record<string, Table> = {
  user_activity_events: {
    columns: {
      id: "bigint not null default nextval('user_activity_events_id_seq'::regclass)",
      event_id: 'uuid not null',
      user_id: 'uuid not null',
      username: 'varchar(50)',
      email: 'varchar(100)',
      event_type: 'varchar(50) not null',
      event_time: `${TIME} not null`,
      created_at: `${TIME} not null default now()`,
    },
    constraints: EVENT_KEYS,
    indexes: ['user_id', 'event_type', 'event_time DESC', 'created_at DESC'],
  },
  prompt_activity_events: {
    columns: {
      id: "bigint not null default nextval('prompt_activity_events_id_seq'::regclass)",
      event_id: 'uuid not null',
      prompt_id: 'uuid not null',
      title: 'varchar(200)',
      user_id: 'uuid',
      username: 'varchar(50)',
      category: 'varchar(50)',
      event_type: 'varchar(50) not null',
      event_time: `${TIME} not null`,
      created_at: `${TIME} not null default now()`,
    },
    constraints: EVENT_KEYS,
    indexes: ['prompt_id', 'user_id', 'event_type', 'event_time DESC', 'created_at DESC'],
  },
}

const counts = (key: Record<string, string>): Table => ({
  columns: { ...key, event_type: 'varchar(50) not null', count: 'bigint not null' },
  constraints: [`PRIMARY KEY (${[...Object.keys(key), 'event_type'].join(', ')})`],
  indexes: [],
})

/** What each of them has beside it, with all indexes in full, and the tables that the seed does not have. */
export const BEYOND_SEED: Record<string, Table> = {
  user_activity_events: {
    columns: { properties: 'jsonb', xid: XID },
    constraints: [],
    indexes: [
      'btree (created_at DESC)',
      'btree (event_time DESC)',
      'btree (event_type)',
      'btree (user_id, event_time DESC)',
      'btree (xid, id)',
    ],
  },
  prompt_activity_events: {
    columns: { viewer_hash: 'varchar(32)', properties: 'jsonb', xid: XID },
    constraints: [],
    indexes: [
      'btree (created_at DESC)',
      'btree (event_time DESC)',
      'btree (event_type, prompt_id, event_time DESC)',
      'btree (prompt_id, event_time DESC) INCLUDE (event_type)',
      'btree (user_id)',
      'btree (xid, id)',
    ],
  },
  prompt_daily: counts({ prompt_id: 'uuid not null', day: 'date not null' }),
  user_daily: counts({ user_id: 'uuid not null', day: 'date not null' }),
  platform_hourly: counts({ hour: `${TIME} not null` }),
  platform_totals: counts({}),
  sales_hourly: {
    columns: {
      seller_id: 'uuid not null',
      prompt_id: 'uuid not null',
      hour: `${TIME} not null`,
      currency: 'varchar(3) not null',
      sales: 'bigint not null',
      refunds: 'bigint not null',
      amount_cents: 'bigint not null',
      fee_cents: 'bigint not null',
    },
    constraints: ['PRIMARY KEY (seller_id, prompt_id, hour, currency)'],
    indexes: ['btree (prompt_id, hour)'],
  },
  prompt_facts: {
    columns: {
      prompt_id: 'uuid not null',
      owner_id: 'uuid not null',
      visible: 'boolean not null',
      deleted: 'boolean not null',
      revision: 'bigint not null',
      resynced: 'boolean not null default false',
      title: 'varchar(200)',
      category: 'varchar(50)',
    },
    constraints: ['CHECK ((NOT (deleted AND visible)))', 'PRIMARY KEY (prompt_id)'],
    indexes: ['btree (owner_id)'],
  },
  user_facts: {
    columns: { user_id: 'uuid not null', username: 'varchar(50) not null', revision: 'bigint not null' },
    constraints: ['PRIMARY KEY (user_id)'],
    indexes: [],
  },
  prompt_votes: {
    columns: {
      day: 'date not null',
      prompt_id: 'uuid not null',
      voter: 'uuid not null',
      weight: 'smallint not null',
      voted_at: `${TIME} not null`,
    },
    constraints: ['PRIMARY KEY (day, prompt_id, voter)'],
    indexes: [],
  },
  trending_prompts: {
    columns: { window: 'varchar(20) not null', prompt_id: 'uuid not null', rank: 'bigint not null' },
    constraints: [
      `CHECK ((("window")::text = ANY ((ARRAY['HOUR'::varchar, 'DAY'::varchar, 'WEEK'::varchar, 'MONTH'::varchar])::text[])))`,
      'PRIMARY KEY ("window", prompt_id)',
    ],
    indexes: ['btree ("window", rank DESC, prompt_id DESC)'],
  },
  event_ids: {
    columns: { event_id: 'uuid not null', event_time: `${TIME} not null` },
    constraints: ['PRIMARY KEY (event_id)'],
    indexes: ["brin (event_time) WITH (autosummarize='on')"],
  },
  counted_once: {
    columns: { about: 'uuid not null', event: 'varchar(80) not null' },
    constraints: ['PRIMARY KEY (about, event)'],
    indexes: [],
  },
  audit_entries: {
    columns: {
      event_id: 'uuid not null',
      event_time: `${TIME} not null`,
      created_at: `${TIME} not null default now()`,
      action: 'varchar(30) not null',
      actor_id: 'uuid',
      actor_process: 'varchar(50)',
      subject_id: 'uuid',
      target_kind: 'varchar(20) not null',
      target_id: 'uuid not null',
      target_name: 'varchar(100)',
      changes: 'jsonb',
      reason: 'varchar(500)',
      request_id: 'varchar(64)',
      client_address: 'varchar(45)',
      user_agent: 'varchar(300)',
    },
    constraints: ['PRIMARY KEY (event_id, event_time)'],
    indexes: [
      'btree (action, event_time DESC, event_id DESC)',
      'btree (actor_id, event_time DESC, event_id DESC)',
      'btree (event_time DESC, event_id DESC)',
      'btree (subject_id, event_time DESC, event_id DESC)',
      'btree (target_id, event_time DESC, event_id DESC)',
    ],
  },
}
