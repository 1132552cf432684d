import { Migration } from '@mikro-orm/migrations'

export class Erasure extends Migration {
  override up() {
    this.addSql(`
      create table erased_users (user_id uuid primary key, heard_at timestamptz(3) not null);

      alter table prompt_tests add column erased_at timestamptz(3);
      create index prompt_tests_of_no_run on prompt_tests (user_id, created_at desc, id desc) where suite_run_id is null;
      create index prompt_tests_unfinished_user_id on prompt_tests (user_id) where status in ('PENDING', 'RUNNING');
      -- Of a user's, those that were deleted or revoked, too.
      create index suites_all_user_id on suites (user_id);
      create index provider_keys_all_user_id on provider_keys (user_id);`)
  }

  override down() {
    this
      .addSql(`drop index provider_keys_all_user_id; drop index suites_all_user_id; drop index prompt_tests_unfinished_user_id;
      drop index prompt_tests_of_no_run;
      alter table prompt_tests drop column erased_at; drop table erased_users`)
  }
}
