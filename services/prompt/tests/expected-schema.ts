import { IDEMPOTENCY_KEYS, INBOX, OUTBOX, type Table } from '#chassis/testing/catalog.ts'

const TIME = 'timestamptz(3)'

/** The four tables as the seed has them, with the deviations of data.md; `indexes` are their leading columns. */
export const SEED: Record<string, Table> = {
  prompts: {
    columns: {
      id: 'uuid not null',
      title: 'varchar(200) not null',
      content: 'text not null',
      description: 'text',
      category: 'varchar(50)',
      user_id: 'uuid not null',
      is_public: 'boolean default true',
      version: 'integer default 1',
      likes_count: 'integer default 0',
      comments_count: 'integer default 0',
      rating_avg:
        'numeric(3,2) generated CASE WHEN (ratings_count > 0) ' +
        'THEN round(((ratings_sum)::numeric / (ratings_count)::numeric), 2) ELSE NULL::numeric END',
      created_at: `${TIME} not null`,
      updated_at: TIME,
    },
    constraints: ['PRIMARY KEY (id)'],
    indexes: ['user_id', 'category', 'is_public', 'created_at DESC'],
  },
  prompt_likes: {
    columns: {
      id: 'uuid not null',
      prompt_id: 'uuid not null',
      user_id: 'uuid not null',
      created_at: `${TIME} not null`,
    },
    constraints: ['FOREIGN KEY (prompt_id) REFERENCES prompts(id)', 'PRIMARY KEY (id)', 'UNIQUE (prompt_id, user_id)'],
    indexes: ['prompt_id', 'user_id'],
  },
  prompt_ratings: {
    columns: {
      id: 'uuid not null',
      prompt_id: 'uuid not null',
      user_id: 'uuid not null',
      rating: 'integer',
      review: 'text',
      created_at: `${TIME} not null`,
    },
    constraints: [
      'CHECK (((rating >= 1) AND (rating <= 5)))',
      'FOREIGN KEY (prompt_id) REFERENCES prompts(id)',
      'PRIMARY KEY (id)',
      'UNIQUE (prompt_id, user_id)',
    ],
    indexes: ['prompt_id', 'user_id', 'rating'],
  },
  prompt_comments: {
    columns: {
      id: 'uuid not null',
      prompt_id: 'uuid not null',
      user_id: 'uuid not null',
      username: 'varchar(50) not null',
      content: 'text not null',
      created_at: `${TIME} not null`,
      updated_at: TIME,
    },
    constraints: [
      'CHECK ((length(content) <= 5000))',
      'FOREIGN KEY (prompt_id) REFERENCES prompts(id)',
      'PRIMARY KEY (id)',
    ],
    indexes: ['prompt_id', 'user_id', 'created_at DESC'],
  },
}

/** What each of them has beside it, with all indexes in full, and the tables that the seed does not have. */
export const BEYOND_SEED: Record<string, Table> = {
  prompts: {
    columns: {
      username: 'varchar(50) not null',
      tags: "text[] not null default '{}'::text[]",
      variables: "jsonb not null default '[]'::jsonb",
      model: 'varchar(100)',
      status: "varchar(20) not null default 'PUBLISHED'::varchar",
      public_from_version: 'integer not null default 1',
      ratings_count: 'integer not null default 0',
      ratings_sum: 'integer not null default 0',
      forks_count: 'integer not null default 0',
      forked_from_id: 'uuid',
      forked_from_version: 'integer',
      forked_private: 'boolean not null default false',
      revision: 'integer not null default 1',
      deleted_at: TIME,
      search: "tsvector not null default ''::tsvector",
      search_revision: 'integer not null default 0',
      ordinal: "bigint default nextval('prompts_ordinal'::regclass)",
    },
    constraints: [
      'CHECK (((public_from_version >= 1) AND (public_from_version <= version)))',
      "CHECK (((status)::text = ANY ((ARRAY['DRAFT'::varchar, 'PUBLISHED'::varchar, 'ARCHIVED'::varchar])::text[])))",
      'CHECK ((NOT (forked_private AND is_public)))',
      'CHECK ((num_nulls(is_public, version, likes_count, comments_count) = 0))',
    ],
    indexes: [
      'btree (category, created_at DESC, id DESC)',
      'btree (COALESCE(updated_at, created_at) DESC, id DESC) ' +
        "WHERE (is_public AND ((status)::text = 'PUBLISHED'::text) AND (deleted_at IS NULL))",
      'btree (created_at DESC, id DESC)',
      'btree (is_public, created_at DESC, id DESC)',
      "btree (user_id, created_at DESC, id DESC) WHERE (is_public AND ((status)::text = 'PUBLISHED'::text) AND (deleted_at IS NULL))",
      'gin (prompt_search_keys(search, ordinal, user_id, (category)::text)) WITH (fastupdate=off) ' +
        "WHERE (is_public AND ((status)::text = 'PUBLISHED'::text) AND (deleted_at IS NULL) AND (ordinal IS NOT NULL))",
      'btree (created_at DESC, id DESC) WHERE ((search_revision <> revision) AND (deleted_at IS NULL))',
      'gin (tags)',
      'btree (user_id, created_at DESC, id DESC)',
    ],
  },
  prompt_likes: {
    columns: {},
    constraints: [],
    indexes: [
      "btree (prompt_id, created_at DESC, id DESC) WHERE (created_at > '-infinity'::timestamp with time zone)",
      'btree (user_id)',
    ],
  },
  prompt_ratings: {
    columns: {
      username: 'varchar(50) not null',
      updated_at: TIME,
      verified_purchase: 'boolean not null default false',
    },
    constraints: ['CHECK ((rating IS NOT NULL))'],
    indexes: [
      'btree (prompt_id, created_at DESC, id DESC) INCLUDE (rating) WHERE (rating IS NOT NULL)',
      'btree (rating)',
      'btree (user_id)',
    ],
  },
  prompt_comments: {
    columns: { parent_id: 'uuid', deleted_at: TIME },
    constraints: ['FOREIGN KEY (parent_id) REFERENCES prompt_comments(id)'],
    indexes: [
      'btree (created_at DESC)',
      'btree (parent_id, created_at DESC, id DESC) WHERE (parent_id IS NOT NULL)',
      'btree (prompt_id)',
      'btree (prompt_id, created_at DESC, id DESC) WHERE (parent_id IS NULL)',
      'btree (user_id)',
    ],
  },
  entitlements: {
    columns: {
      license_id: 'uuid not null',
      prompt_id: 'uuid not null',
      user_id: 'uuid not null',
      license_type: 'varchar(20) not null',
      min_version: 'integer not null',
      max_version: 'integer',
      expires_at: TIME,
      active: 'boolean not null',
      revision: 'integer not null',
    },
    constraints: [
      "CHECK (((license_type)::text = ANY ((ARRAY['PERSONAL'::varchar, 'COMMERCIAL'::varchar])::text[])))",
      'CHECK (((min_version >= 1) AND (max_version >= min_version)))',
      'PRIMARY KEY (license_id)',
    ],
    indexes: ['btree (prompt_id, user_id)', 'btree (user_id)'],
  },
  categories: {
    columns: {
      name: 'varchar(50) not null',
      title: 'varchar(100) not null',
      prompts_count: 'integer not null default 0',
    },
    constraints: ['PRIMARY KEY (name)'],
    indexes: [],
  },
  prompt_rank: {
    columns: {
      prompt_id: 'uuid not null',
      likes: 'integer not null',
      rating: 'double precision not null',
      comments: 'integer not null',
      category: 'varchar(50)',
    },
    constraints: ['PRIMARY KEY (prompt_id)'],
    indexes: [
      'btree (category, comments DESC, prompt_id DESC)',
      'btree (category, likes DESC, prompt_id DESC)',
      'btree (category, rating DESC, prompt_id DESC)',
      'btree (comments DESC, prompt_id DESC)',
      'btree (likes DESC, prompt_id DESC)',
      'btree (rating DESC, prompt_id DESC)',
    ],
  },
  prompt_search: {
    columns: {
      prompt_id: 'uuid not null',
      ordinal: 'bigint not null',
      user_id: 'uuid not null',
      category: 'varchar(50)',
      search: 'tsvector not null',
    },
    constraints: ['FOREIGN KEY (prompt_id) REFERENCES prompts(id) ON DELETE CASCADE', 'PRIMARY KEY (prompt_id)'],
    indexes: ['gin (prompt_part_keys(search, ordinal, user_id, (category)::text)) WITH (fastupdate=off)'],
  },
  prompt_rank_due: { columns: { prompt_id: 'uuid not null' }, constraints: [], indexes: [] },
  idempotency_keys: IDEMPOTENCY_KEYS,
  outbox: OUTBOX,
  inbox: INBOX,
  follows: {
    columns: {
      follower_id: 'uuid not null',
      following_id: 'uuid not null',
      revision: 'integer not null',
      active: 'boolean not null',
    },
    constraints: ['PRIMARY KEY (follower_id, following_id)'],
    indexes: [],
  },
  authors: {
    columns: { user_id: 'uuid not null', username: 'varchar(50) not null', revision: 'integer not null' },
    constraints: ['PRIMARY KEY (user_id)'],
    indexes: [],
  },
}
