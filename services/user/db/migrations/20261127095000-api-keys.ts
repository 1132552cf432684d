import { Migration } from '@mikro-orm/migrations'

export class ApiKeys extends Migration {
  override up() {
    this.addSql(`
      create table api_keys (
        id uuid primary key,
        user_id uuid not null references users (id),
        name varchar(100) not null,
        prefix varchar(11) not null,
        hash bytea not null constraint api_keys_hash_key unique,
        scopes text[] not null,
        created_at timestamptz(3) not null,
        expires_at timestamptz(3),
        last_used_at timestamptz(3),
        revoked_at timestamptz(3),
        constraint api_keys_hash_check check (length(hash) = 32),
        constraint api_keys_scopes_check check (cardinality(scopes) > 0)
      );
      create index api_keys_user_id_id on api_keys (user_id, id desc);
      create index api_keys_ended on api_keys (least(revoked_at, expires_at));`)
  }

  override down() {
    this.addSql('drop table api_keys')
  }
}
