import { Migration } from '@mikro-orm/migrations'

export class Suites extends Migration {
  override up() {
    this.addSql(`
      create table suites (
        id uuid primary key,
        prompt_id uuid not null,
        user_id uuid not null,
        name varchar(100) not null,
        description text,
        settings jsonb not null,
        cases_count integer not null,
        cases_revision integer not null default 1,
        revision integer not null default 1,
        created_at timestamptz(3) not null,
        updated_at timestamptz(3) not null,
        deleted_at timestamptz(3)
      );
      create index suites_user_id on suites (user_id, created_at desc, id desc) where deleted_at is null;
      create index suites_prompt_id on suites (prompt_id);

      create table suite_cases (
        suite_id uuid not null references suites (id) on delete cascade,
        position integer not null,
        definition jsonb not null,
        primary key (suite_id, position)
      );

      create table suite_runs (
        id uuid primary key,
        suite_id uuid not null references suites (id) on delete cascade,
        cases_revision integer not null,
        prompt_id uuid not null,
        user_id uuid not null,
        prompt_version integer not null,
        content_hash varchar(64) not null,
        settings jsonb not null,
        status varchar(20) not null constraint suite_runs_status_check check (status in ('RUNNING', 'COMPLETED')),
        verdict varchar(20) constraint suite_runs_verdict_check check (verdict in ('PASS', 'FAIL', 'INCONCLUSIVE')),
        pass_rate float8,
        tests_count integer not null,
        created_at timestamptz(3) not null,
        completed_at timestamptz(3),
        revision integer not null default 1,
        constraint suite_runs_completed_check
          check ((status = 'COMPLETED') = (completed_at is not null) and (status = 'COMPLETED') = (verdict is not null))
      );
      create index suite_runs_suite_id on suite_runs (suite_id, created_at desc, id desc);
      -- What a gate asks for.
      create index suite_runs_content_hash on suite_runs (suite_id, content_hash, completed_at desc) where status = 'COMPLETED';
      create index suite_runs_running on suite_runs (id) where status = 'RUNNING';

      create table suite_run_cases (
        run_id uuid not null references suite_runs (id) on delete cascade,
        position integer not null,
        definition jsonb not null,
        primary key (run_id, position)
      );

      alter table prompt_tests
        add column suite_run_id uuid references suite_runs (id),
        add column case_position integer,
        add column case_name varchar(100),
        add column repeat integer,
        add column verdict varchar(20) constraint prompt_tests_verdict_check check (verdict in ('PASS', 'FAIL', 'ERROR')),
        add column assertion_results jsonb,
        add constraint prompt_tests_suite_check
          check ((suite_run_id is null) = (case_position is null) and (suite_run_id is null) = (repeat is null));
      create index prompt_tests_suite_run_id on prompt_tests (suite_run_id, case_position, repeat) where suite_run_id is not null;
      create index prompt_tests_unjudged on prompt_tests (suite_run_id) where suite_run_id is not null and verdict is null;`)
  }

  override down() {
    this.addSql(`
      alter table prompt_tests drop column suite_run_id, drop column case_position, drop column case_name, drop column repeat,
        drop column verdict, drop column assertion_results;
      drop table suite_run_cases; drop table suite_runs; drop table suite_cases; drop table suites`)
  }
}
