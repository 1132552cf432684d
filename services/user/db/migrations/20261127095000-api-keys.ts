import { Migration } from '@mikro-orm/migrations'

/** Keys are revoked in more than one way, by hand among them, so a trigger notes it, as it does for closed accounts. */
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
      create index api_keys_ended on api_keys (least(revoked_at, expires_at));

      create table revoked_api_keys (
        key_id uuid primary key,
        revoked_at timestamptz(3) not null
      );
      create index revoked_api_keys_revoked_at on revoked_api_keys (revoked_at);

      create function note_revoked_api_key() returns trigger language plpgsql as $$
      begin
        insert into revoked_api_keys (key_id, revoked_at) values (new.id, now())
        on conflict (key_id) do update set revoked_at = excluded.revoked_at;
        return null;
      end $$;

      create trigger api_keys_revoked after update of revoked_at on api_keys for each row
        when (old.revoked_at is null and new.revoked_at is not null)
        execute function note_revoked_api_key();`)
  }

  override down() {
    this.addSql('drop table api_keys; drop function note_revoked_api_key(); drop table revoked_api_keys')
  }
}
