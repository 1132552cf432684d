import { Migration } from '@mikro-orm/migrations'

export class Tests extends Migration {
  override up() {
    this.addSql(`
      create table model_prices (
        id uuid primary key,
        provider varchar(50) not null,
        model varchar(50) not null,
        valid_from timestamptz(3) not null,
        input bigint not null,
        cache_read bigint not null,
        cache_write bigint not null,
        output bigint not null,
        constraint model_prices_provider_model_valid_from_key unique (provider, model, valid_from)
      );

      create table prompt_tests (
        id uuid primary key,
        prompt_id uuid not null,
        user_id uuid not null,
        prompt_content text not null,
        model_provider varchar(50) not null,
        model_name varchar(50) not null,
        temperature numeric(3,2),
        max_tokens integer,
        status varchar(20) not null constraint prompt_tests_status_check
          check (status in ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED')),
        response text,
        token_count integer,
        response_time_ms bigint,
        cost numeric(10,4),
        error_message text,
        created_at timestamptz(3) not null,
        completed_at timestamptz(3),
        prompt_version integer not null,
        content_hash varchar(64) not null,
        variables jsonb not null default '{}',
        lane varchar(50) not null,
        price_id uuid not null references model_prices (id),
        reserved_micros bigint not null,
        spend_day date not null,
        input_tokens integer,
        cached_tokens integer,
        cache_write_tokens integer,
        output_tokens integer,
        reasoning_tokens integer,
        raw_usage jsonb,
        usage_source varchar(20) constraint prompt_tests_usage_source_check
          check (usage_source in ('PROVIDER', 'ESTIMATED')),
        cost_micros bigint not null default 0,
        attempts integer not null default 0,
        worker_id uuid,
        lease_until timestamptz(3),
        not_before timestamptz(3),
        throttled_since timestamptz(3),
        dispatched_at timestamptz(3),
        started_at timestamptz(3),
        first_token_ms bigint,
        cancel_requested_at timestamptz(3),
        cancelled_at timestamptz(3),
        finish_reason varchar(50),
        error_code varchar(20) constraint prompt_tests_error_code_check check (error_code in ('CANCELLED', 'THROTTLED',
          'PROVIDER_ERROR', 'PROVIDER_CUT', 'TIMEOUT', 'WORKER_LOST', 'RESPONSE_TOO_LARGE')),
        retry_of uuid references prompt_tests (id),
        revision integer not null default 1,
        constraint prompt_tests_running_check check ((status = 'RUNNING') = (worker_id is not null)),
        constraint prompt_tests_ended_check check ((status in ('COMPLETED', 'FAILED')) = (completed_at is not null))
      );
      create index prompt_tests_prompt_id on prompt_tests (prompt_id);
      create index prompt_tests_user_id on prompt_tests (user_id, created_at desc, id desc);
      create index prompt_tests_status on prompt_tests (status);
      create index prompt_tests_created_at on prompt_tests (created_at desc);
      -- What a sweep looks through: few rows of many.
      create index prompt_tests_unfinished on prompt_tests (id) where status in ('PENDING', 'RUNNING');

      create table test_comparisons (
        id uuid primary key,
        name varchar(100) not null,
        prompt_id uuid not null,
        user_id uuid not null,
        notes text,
        created_at timestamptz(3) not null
      );
      create index test_comparisons_user_id on test_comparisons (user_id, created_at desc, id desc);
      create index test_comparisons_prompt_id on test_comparisons (prompt_id);

      create table comparison_test_ids (
        comparison_id uuid not null references test_comparisons (id) on delete cascade,
        test_id uuid not null references prompt_tests (id),
        position integer not null,
        primary key (comparison_id, test_id)
      );

      create table budgets (
        user_id uuid primary key,
        daily_limit_micros bigint,
        unfinished integer not null default 0 constraint budgets_unfinished_check check (unfinished >= 0)
      );

      create table spend (
        user_id uuid not null,
        day date not null,
        reserved bigint not null constraint spend_reserved_check check (reserved >= 0),
        spent bigint not null default 0,
        primary key (user_id, day)
      );

      -- Undoes the statement that calls it: what it has changed by then stays as it was.
      create function refuse(reason text) returns boolean language plpgsql as $$
      begin
        raise exception using errcode = 'PF001', message = reason;
      end $$;`)
  }

  override down() {
    this.addSql(`drop function refuse(text); drop table spend; drop table budgets; drop table comparison_test_ids;
      drop table test_comparisons; drop table prompt_tests; drop table model_prices`)
  }
}
