import { Migration } from '@mikro-orm/migrations'

export class ProviderKeys extends Migration {
  override up() {
    this.addSql(`
      create table provider_keys (
        id uuid primary key,
        user_id uuid not null,
        provider varchar(50) not null,
        name varchar(100) not null,
        hint varchar(4) not null,
        secret_id varchar(16),
        sealed bytea,
        created_at timestamptz(3) not null,
        revoked_at timestamptz(3),
        constraint provider_keys_secret_id_check check ((secret_id is null) = (revoked_at is not null)),
        constraint provider_keys_sealed_check check ((sealed is null) = (revoked_at is not null))
      );
      create index provider_keys_user_id on provider_keys (user_id, id desc) where revoked_at is null;
      -- What is to be encrypted with a new secret.
      create index provider_keys_secret_id on provider_keys (secret_id) where revoked_at is null;

      alter table prompt_tests add column key_id uuid references provider_keys (id);
      -- Those that wait for room among the calls with their key.
      create index prompt_tests_key_id on prompt_tests (key_id, id) where status = 'PENDING' and key_id is not null;`)
  }

  override down() {
    this.addSql('alter table prompt_tests drop column key_id; drop table provider_keys')
  }
}
