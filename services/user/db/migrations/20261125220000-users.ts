import { Migration } from '@mikro-orm/migrations'
import { IDEMPOTENCY_TABLE } from '#chassis/db/idempotency.ts'

export class Users extends Migration {
  override up() {
    this.addSql(IDEMPOTENCY_TABLE)
    this.addSql(`
      create table users (
        id uuid primary key,
        username varchar(50) not null constraint users_username_key unique,
        email varchar(100) not null constraint users_email_key unique,
        password varchar(255) not null,
        first_name varchar(50),
        last_name varchar(50),
        role varchar(20) default 'USER',
        created_at timestamptz(3) not null,
        updated_at timestamptz(3),
        status varchar(20) not null default 'ACTIVE',
        bio varchar(500),
        followers_count integer not null default 0,
        following_count integer not null default 0,
        revision integer not null default 1,
        -- The seed lets the role be null; the product never does.
        constraint users_seed_values_check check (role is not null),
        constraint users_role_check check (role in ('USER', 'MODERATOR', 'ADMIN')),
        constraint users_status_check check (status in ('ACTIVE', 'DEACTIVATED'))
      );
      -- Both are ASCII; with the collation named, it is the same in every locale.
      create unique index users_username_lower on users (lower(username collate "C"));
      create unique index users_email_lower on users (lower(email collate "C"));

      create table user_follows (
        id uuid primary key,
        follower_id uuid not null references users (id),
        following_id uuid not null references users (id),
        created_at timestamptz(3) not null,
        constraint user_follows_follower_id_following_id_key unique (follower_id, following_id),
        constraint user_follows_self_check check (follower_id <> following_id)
      );
      create index user_follows_follower_id_created_at on user_follows (follower_id, created_at desc, id desc);
      create index user_follows_following_id_created_at on user_follows (following_id, created_at desc, id desc);`)
  }

  override down() {
    this.addSql('drop table user_follows; drop table users; drop table idempotency_keys')
  }
}
