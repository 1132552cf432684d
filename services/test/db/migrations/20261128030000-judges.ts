import { Migration } from '@mikro-orm/migrations'

export class Judges extends Migration {
  override up() {
    this.addSql(`
      alter table prompt_tests
        add column kind varchar(10) not null default 'RUN',
        add column assertion_position integer;
      update prompt_tests set kind = 'CASE' where suite_run_id is not null;
      alter table prompt_tests
        add constraint prompt_tests_kind_check check (kind in ('RUN', 'CASE', 'JUDGE')),
        add constraint prompt_tests_of_suite_check check ((kind = 'RUN') = (suite_run_id is null)),
        add constraint prompt_tests_judge_check check ((kind = 'JUDGE') = (assertion_position is not null))`)
  }

  override down() {
    // What judges have cost stays: without the columns they would be repeats of their cases.
    this.addSql(`
      alter table prompt_tests drop constraint prompt_tests_of_suite_check;
      update prompt_tests set suite_run_id = null, case_position = null, case_name = null, repeat = null, verdict = null, assertion_results = null
        where kind = 'JUDGE';
      alter table prompt_tests drop column kind, drop column assertion_position`)
  }
}
