import { Migration } from '@mikro-orm/migrations'

export class Entitlements extends Migration {
  override up() {
    this.addSql(`
      create table entitlements (
        license_id uuid primary key,
        prompt_id uuid not null,
        user_id uuid not null,
        license_type varchar(20) not null,
        min_version integer not null,
        max_version integer,
        expires_at timestamptz(3),
        active boolean not null,
        revision integer not null,
        constraint entitlements_license_type_check check (license_type in ('PERSONAL', 'COMMERCIAL')),
        constraint entitlements_versions_check check (min_version >= 1 and max_version >= min_version)
      );
      create index entitlements_prompt_id_user_id on entitlements (prompt_id, user_id);`)
  }

  override down() {
    this.addSql('drop table entitlements')
  }
}
