import { Migration } from '@mikro-orm/migrations'

/**
 * While an upgrade is under way, replicas of the release before store tests of suites and do not say that these are cases: the default would be
 * `RUN`, which such a row cannot be. A later release may drop the trigger.
 */
export const MAKE_CASE = `
  create or replace function make_case() returns trigger language plpgsql as $$
    begin
      new.kind := 'CASE';
      return new;
    end $$;
  create or replace trigger make_case before insert on prompt_tests
    for each row when (new.kind = 'RUN' and new.suite_run_id is not null) execute function make_case()`

/** Takes it away, where it is. */
export const DROP_MAKE_CASE = 'drop trigger if exists make_case on prompt_tests; drop function if exists make_case()'

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
        add constraint prompt_tests_judge_check check ((kind = 'JUDGE') = (assertion_position is not null));
      ${MAKE_CASE}`)
  }

  override down() {
    this.addSql(DROP_MAKE_CASE)
    // What judges have cost stays: without the columns they would be repeats of their cases.
    this.addSql(`
      alter table prompt_tests drop constraint prompt_tests_of_suite_check;
      update prompt_tests set suite_run_id = null, case_position = null, case_name = null, repeat = null, verdict = null, assertion_results = null
        where kind = 'JUDGE';
      alter table prompt_tests drop column kind, drop column assertion_position`)
  }
}
