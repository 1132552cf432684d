import { Migration } from '@mikro-orm/migrations'
import { IDEMPOTENCY_TABLE } from '#chassis/db/idempotency.ts'

export class Prompts extends Migration {
  override up() {
    this.addSql(IDEMPOTENCY_TABLE)
    this.addSql(`
      create table prompts (
        id uuid primary key,
        title varchar(200) not null,
        content text not null,
        description text,
        category varchar(50),
        user_id uuid not null,
        is_public boolean default true,
        version integer default 1,
        likes_count integer default 0,
        comments_count integer default 0,
        rating_avg numeric(3, 2) generated always as (
          case when ratings_count > 0 then round(ratings_sum::numeric / ratings_count, 2) end
        ) stored,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3),
        username varchar(50) not null,
        tags text[] not null default '{}',
        variables jsonb not null default '[]',
        model varchar(100),
        status varchar(20) not null default 'PUBLISHED',
        public_from_version integer not null default 1,
        ratings_count integer not null default 0,
        ratings_sum integer not null default 0,
        forks_count integer not null default 0,
        forked_from_id uuid,
        forked_from_version integer,
        forked_private boolean not null default false,
        revision integer not null default 1,
        deleted_at timestamptz(3),
        search tsvector not null generated always as (
          setweight(to_tsvector('simple'::regconfig, title), 'A')
          || array_to_tsvector(tags)
          || setweight(to_tsvector('simple'::regconfig, coalesce(description, '')), 'B')
        ) stored,
        -- The seed lets these be null; the product never does.
        constraint prompts_seed_values_check check (
          num_nulls(is_public, version, likes_count, comments_count) = 0
        ),
        constraint prompts_status_check check (status in ('DRAFT', 'PUBLISHED', 'ARCHIVED')),
        constraint prompts_public_from_version_check check (public_from_version between 1 and version),
        constraint prompts_forked_private_check check (not (forked_private and is_public))
      ) with (fillfactor = 90);
      create index prompts_user_id_created_at on prompts (user_id, created_at desc, id desc);
      create index prompts_category_created_at on prompts (category, created_at desc, id desc);
      create index prompts_is_public_created_at on prompts (is_public, created_at desc, id desc);
      create index prompts_created_at on prompts (created_at desc, id desc);
      create index prompts_changed_at on prompts (coalesce(updated_at, created_at) desc, id desc)
        where is_public and status = 'PUBLISHED' and deleted_at is null;
      create index prompts_tags on prompts using gin (tags);`)
  }

  override down() {
    this.addSql('drop table prompts; drop table idempotency_keys')
  }
}
