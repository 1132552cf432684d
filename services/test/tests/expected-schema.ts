import { IDEMPOTENCY_KEYS, OUTBOX, type Table } from '#chassis/testing/catalog.ts'

const TIME = 'timestamptz(3)'

/** The tables as the seed has them, with the deviations of data.md; `indexes` are their leading columns. */
export const SEED: Record<string, Table> = {
  prompt_tests: {
    columns: {
      id: 'uuid not null',
      prompt_id: 'uuid not null',
      user_id: 'uuid not null',
      prompt_content: 'text not null',
      model_provider: 'varchar(50) not null',
      model_name: 'varchar(50) not null',
      temperature: 'numeric(3,2)',
      max_tokens: 'integer',
      status: 'varchar(20) not null',
      response: 'text',
      token_count: 'integer',
      response_time_ms: 'bigint',
      cost: 'numeric(10,4)',
      error_message: 'text',
      created_at: `${TIME} not null`,
      completed_at: TIME,
    },
    constraints: ['PRIMARY KEY (id)'],
    indexes: ['prompt_id', 'user_id', 'status', 'created_at DESC'],
  },
  test_comparisons: {
    columns: {
      id: 'uuid not null',
      name: 'varchar(100) not null',
      prompt_id: 'uuid not null',
      user_id: 'uuid not null',
      notes: 'text',
      created_at: `${TIME} not null`,
    },
    constraints: ['PRIMARY KEY (id)'],
    indexes: [],
  },
  comparison_test_ids: {
    columns: { comparison_id: 'uuid not null', test_id: 'uuid not null' },
    constraints: [],
    indexes: [],
  },
}

/** What each of them has beside it, with all indexes in full, and the tables that the seed does not have. */
export const BEYOND_SEED: Record<string, Table> = {
  prompt_tests: {
    columns: {
      prompt_version: 'integer not null',
      content_hash: 'varchar(64) not null',
      variables: "jsonb not null default '{}'::jsonb",
      lane: 'varchar(50) not null',
      price_id: 'uuid not null',
      reserved_micros: 'bigint not null',
      spend_day: 'date not null',
      input_tokens: 'integer',
      cached_tokens: 'integer',
      cache_write_tokens: 'integer',
      output_tokens: 'integer',
      reasoning_tokens: 'integer',
      raw_usage: 'jsonb',
      usage_source: 'varchar(20)',
      cost_micros: 'bigint not null default 0',
      attempts: 'integer not null default 0',
      worker_id: 'uuid',
      lease_until: TIME,
      not_before: TIME,
      throttled_since: TIME,
      dispatched_at: TIME,
      started_at: TIME,
      first_token_ms: 'bigint',
      cancel_requested_at: TIME,
      cancelled_at: TIME,
      finish_reason: 'varchar(50)',
      error_code: 'varchar(20)',
      retry_of: 'uuid',
      revision: 'integer not null default 1',
    },
    constraints: [
      "CHECK ((((status)::text = 'RUNNING'::text) = (worker_id IS NOT NULL)))",
      "CHECK ((((status)::text = ANY ((ARRAY['COMPLETED'::varchar, 'FAILED'::varchar])::text[])) = (completed_at IS NOT NULL)))",
      "CHECK (((error_code)::text = ANY ((ARRAY['CANCELLED'::varchar, 'THROTTLED'::varchar, 'PROVIDER_ERROR'::varchar, 'PROVIDER_CUT'::varchar, 'TIMEOUT'::varchar, 'WORKER_LOST'::varchar, 'RESPONSE_TOO_LARGE'::varchar])::text[])))",
      "CHECK (((status)::text = ANY ((ARRAY['PENDING'::varchar, 'RUNNING'::varchar, 'COMPLETED'::varchar, 'FAILED'::varchar])::text[])))",
      "CHECK (((usage_source)::text = ANY ((ARRAY['PROVIDER'::varchar, 'ESTIMATED'::varchar])::text[])))",
      'FOREIGN KEY (price_id) REFERENCES model_prices(id)',
      'FOREIGN KEY (retry_of) REFERENCES prompt_tests(id)',
    ],
    indexes: [
      'btree (created_at DESC)',
      'btree (prompt_id)',
      'btree (status)',
      "btree (id) WHERE ((status)::text = ANY ((ARRAY['PENDING'::varchar, 'RUNNING'::varchar])::text[]))",
      'btree (user_id, created_at DESC, id DESC)',
    ],
  },
  test_comparisons: {
    columns: {},
    constraints: [],
    indexes: ['btree (prompt_id)', 'btree (user_id, created_at DESC, id DESC)'],
  },
  comparison_test_ids: {
    columns: { position: 'integer not null' },
    constraints: [
      'FOREIGN KEY (comparison_id) REFERENCES test_comparisons(id) ON DELETE CASCADE',
      'FOREIGN KEY (test_id) REFERENCES prompt_tests(id)',
      'PRIMARY KEY (comparison_id, test_id)',
    ],
    indexes: [],
  },
  model_prices: {
    columns: {
      id: 'uuid not null',
      provider: 'varchar(50) not null',
      model: 'varchar(50) not null',
      valid_from: `${TIME} not null`,
      input: 'bigint not null',
      cache_read: 'bigint not null',
      cache_write: 'bigint not null',
      output: 'bigint not null',
    },
    constraints: ['PRIMARY KEY (id)', 'UNIQUE (provider, model, valid_from)'],
    indexes: [],
  },
  budgets: {
    columns: {
      user_id: 'uuid not null',
      daily_limit_micros: 'bigint',
      unfinished: 'integer not null default 0',
    },
    constraints: ['CHECK ((unfinished >= 0))', 'PRIMARY KEY (user_id)'],
    indexes: [],
  },
  spend: {
    columns: {
      user_id: 'uuid not null',
      day: 'date not null',
      reserved: 'bigint not null',
      spent: 'bigint not null default 0',
    },
    constraints: ['CHECK ((reserved >= 0))', 'PRIMARY KEY (user_id, day)'],
    indexes: [],
  },
  idempotency_keys: IDEMPOTENCY_KEYS,
  outbox: OUTBOX,
}
