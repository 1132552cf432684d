import { Migration } from '@mikro-orm/migrations'

export class Judgings extends Migration {
  override up() {
    this.addSql(`
      alter table suite_runs
        add column from_run_id uuid references suite_runs (id) on delete cascade,
        add column to_run_id uuid references suite_runs (id) on delete cascade,
        drop constraint suite_runs_completed_check;
      alter table suite_runs
        add constraint suite_runs_completed_check check ((status = 'COMPLETED') = (completed_at is not null)),
        -- What judges say of two runs is no verdict on a version: it opens no gate.
        add constraint suite_runs_decided_check check ((status = 'COMPLETED' and to_run_id is null) = (verdict is not null)),
        add constraint suite_runs_judging_check check ((from_run_id is null) = (to_run_id is null));
      create index suite_runs_to_run_id on suite_runs (to_run_id, from_run_id, created_at desc) where to_run_id is not null;
      alter table prompt_tests add column shows_to_first boolean, drop constraint prompt_tests_judge_check;
      alter table prompt_tests add constraint prompt_tests_judge_check
        check (num_nonnulls(assertion_position, shows_to_first) = case kind when 'JUDGE' then 1 else 0 end)`)
  }

  override down() {
    // What these judges have cost stays, as tests of nothing.
    this.addSql(`
      alter table prompt_tests drop constraint prompt_tests_judge_check;
      update prompt_tests set kind = 'RUN', suite_run_id = null, case_position = null, case_name = null, repeat = null, verdict = null,
        assertion_results = null where shows_to_first is not null;
      alter table prompt_tests drop column shows_to_first,
        add constraint prompt_tests_judge_check check ((kind = 'JUDGE') = (assertion_position is not null));
      delete from suite_runs where to_run_id is not null;
      alter table suite_runs drop constraint suite_runs_completed_check, drop constraint suite_runs_decided_check,
        drop column from_run_id, drop column to_run_id;
      alter table suite_runs add constraint suite_runs_completed_check
        check ((status = 'COMPLETED') = (completed_at is not null) and (status = 'COMPLETED') = (verdict is not null))`)
  }
}
