import { OUTBOX, SIGNING_KEYS, type Table } from '#chassis/testing/catalog.ts'

const TIME = 'timestamptz(3)'

/** The two tables as the seed has them, with the deviations of data.md; `indexes` are the seed's columns. */
export const SEED: Record<string, Table> = {
  users: {
    columns: {
      id: 'uuid not null',
      username: 'varchar(50) not null',
      email: 'varchar(100) not null',
      password: 'varchar(255) not null',
      first_name: 'varchar(50)',
      last_name: 'varchar(50)',
      role: `varchar(20) default 'USER'::varchar`,
      created_at: `${TIME} not null`,
      updated_at: TIME,
    },
    constraints: ['PRIMARY KEY (id)', 'UNIQUE (email)', 'UNIQUE (username)'],
    indexes: ['username', 'email'],
  },
  user_follows: {
    columns: {
      id: 'uuid not null',
      follower_id: 'uuid not null',
      following_id: 'uuid not null',
      created_at: `${TIME} not null`,
    },
    constraints: [
      'FOREIGN KEY (follower_id) REFERENCES users(id)',
      'FOREIGN KEY (following_id) REFERENCES users(id)',
      'PRIMARY KEY (id)',
      'UNIQUE (follower_id, following_id)',
    ],
    indexes: ['follower_id', 'following_id'],
  },
}

/** What stands beyond the seed, for the reasons in data.md and the README: all of a table that the seed does not have. */
export const BEYOND_SEED: Record<string, Table> = {
  users: {
    columns: {
      status: `varchar(20) not null default 'ACTIVE'::varchar`,
      bio: 'varchar(500)',
      followers_count: 'integer not null default 0',
      following_count: 'integer not null default 0',
      revision: 'integer not null default 1',
      password_revision: 'integer not null default 1',
      follows_revision: 'integer not null default 0',
      erased_at: TIME,
    },
    constraints: [
      'CHECK ((role IS NOT NULL))',
      `CHECK (((role)::text = ANY ((ARRAY['USER'::varchar, 'MODERATOR'::varchar, 'ADMIN'::varchar])::text[])))`,
      `CHECK (((status)::text = ANY ((ARRAY['ACTIVE'::varchar, 'DEACTIVATED'::varchar])::text[])))`,
    ],
    indexes: [
      `btree (lower(((username)::text COLLATE "C"))) WHERE ((status)::text = 'DEACTIVATED'::text)`,
      `btree (role, lower(((username)::text COLLATE "C"))) WHERE ((role)::text <> 'USER'::text)`,
      'UNIQUE btree (lower(((email)::text COLLATE "C")))',
      'UNIQUE btree (lower(((username)::text COLLATE "C")))',
    ],
  },
  user_follows: {
    columns: {},
    constraints: ['CHECK ((follower_id <> following_id))'],
    indexes: ['btree (follower_id, created_at DESC, id DESC)', 'btree (following_id, created_at DESC, id DESC)'],
  },
  refresh_tokens: {
    columns: {
      id: 'uuid not null',
      family_id: 'uuid not null',
      user_id: 'uuid not null',
      token_hash: 'bytea not null',
      issued_at: `${TIME} not null`,
      expires_at: `${TIME} not null`,
      rotated_at: TIME,
      revoked_at: TIME,
    },
    constraints: [
      'CHECK ((length(token_hash) = 32))',
      'FOREIGN KEY (user_id) REFERENCES users(id)',
      'PRIMARY KEY (id)',
      'UNIQUE (token_hash)',
    ],
    indexes: ['btree (expires_at)', 'btree (family_id)', 'btree (user_id)'],
  },
  signing_keys: SIGNING_KEYS,
  sign_in_failures: {
    columns: {
      account: 'bytea not null',
      address: 'varchar(45) not null',
      failures: 'integer not null',
      retry_at: `${TIME} not null`,
    },
    constraints: ['CHECK ((length(account) = 32))', 'PRIMARY KEY (account, address)'],
    indexes: ['btree (retry_at)'],
  },
  held_usernames: {
    columns: { name: 'varchar(50) not null', user_id: 'uuid not null', held_until: `${TIME} not null` },
    constraints: ['FOREIGN KEY (user_id) REFERENCES users(id)', 'PRIMARY KEY (name)'],
    indexes: ['btree (held_until)'],
  },
  closed_accounts: {
    columns: { user_id: 'uuid not null', closed_at: `${TIME} not null` },
    constraints: ['PRIMARY KEY (user_id)'],
    indexes: ['btree (closed_at)'],
  },
  api_keys: {
    columns: {
      id: 'uuid not null',
      user_id: 'uuid not null',
      name: 'varchar(100) not null',
      prefix: 'varchar(11) not null',
      hash: 'bytea not null',
      scopes: 'text[] not null',
      created_at: `${TIME} not null`,
      expires_at: TIME,
      last_used_at: TIME,
      revoked_at: TIME,
    },
    constraints: [
      'CHECK ((cardinality(scopes) > 0))',
      'CHECK ((length(hash) = 32))',
      'FOREIGN KEY (user_id) REFERENCES users(id)',
      'PRIMARY KEY (id)',
      'UNIQUE (hash)',
    ],
    indexes: ['btree (LEAST(revoked_at, expires_at))', 'btree (user_id, id DESC)'],
  },
  revoked_api_keys: {
    columns: { key_id: 'uuid not null', revoked_at: `${TIME} not null` },
    constraints: ['PRIMARY KEY (key_id)'],
    indexes: ['btree (revoked_at)'],
  },
  outbox: OUTBOX,
}
