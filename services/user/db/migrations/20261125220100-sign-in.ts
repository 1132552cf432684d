import { Migration } from '@mikro-orm/migrations'
import { signingKeysTable } from '#chassis/signing/table.ts'

export class SignIn extends Migration {
  override up() {
    this.addSql(`
      create table refresh_tokens (
        id uuid primary key,
        family_id uuid not null,
        user_id uuid not null references users (id),
        token_hash bytea not null constraint refresh_tokens_token_hash_key unique,
        issued_at timestamptz(3) not null,
        expires_at timestamptz(3) not null,
        rotated_at timestamptz(3),
        revoked_at timestamptz(3),
        constraint refresh_tokens_token_hash_check check (length(token_hash) = 32)
      );
      create index refresh_tokens_family_id on refresh_tokens (family_id);
      create index refresh_tokens_user_id on refresh_tokens (user_id);
      create index refresh_tokens_expires_at on refresh_tokens (expires_at);

      ${signingKeysTable('signing_keys')}

      create table sign_in_failures (
        account bytea not null,
        address varchar(45) not null,
        failures integer not null,
        retry_at timestamptz(3) not null,
        primary key (account, address),
        constraint sign_in_failures_account_check check (length(account) = 32)
      );
      create index sign_in_failures_retry_at on sign_in_failures (retry_at);`)
  }

  override down() {
    this.addSql('drop table sign_in_failures; drop table signing_keys; drop table refresh_tokens')
  }
}
