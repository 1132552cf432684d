import { countOf } from './amounts.ts'
import { makePrompts, type Maker, somewhen } from './made.ts'

/** Fills the database of the test service. */
export async function fillTest(maker: Maker, categories: readonly string[]): Promise<void> {
  const { run, scale } = maker
  await makePrompts(maker, categories)
  const prompts = countOf('prompts', scale.users)
  await run(`
    insert into model_prices (id, provider, model, valid_from, input, cache_read, cache_write, output)
    values (pg_temp.id(41, 1, 0), 'sandbox', 'scale', '2020-01-01', 1, 1, 1, 5)`)
  await run(
    testsOf(`
    select i as test_n, m.*, ${somewhen(scale, 'i', 301)} as tested_ms, pg_temp.u(i, 302) >= 0.1 as is_answered
    from generate_series(1, ${countOf('tests', scale.users)}) i join made m on m.n = pg_temp.pick(i, 303, ${prompts}, 1.5)`),
  )
  const suites = countOf('suites', scale.users)
  await run(`
    create temp table sets as
    select i as n, pg_temp.id(43, i, t.ms) as id, pg_temp.id(44, i, t.ms) as run_id, m.id as prompt_id, m.user_id, m.version, m.n as prompt_n, t.ms,
      pg_temp.u(i, 305) as luck
    from generate_series(1, ${suites}) i join made m on m.n = pg_temp.pick(i, 304, ${prompts}, 1.5)
    cross join lateral (select ${somewhen(scale, 'i', 306)} as ms) t`)
  for (const text of SUITES) await run(text)
  await run(`
    create temp table compared as
    select i as n, pg_temp.id(46, i, t.ms) as id, t.ms, p.id as user_id
    from generate_series(1, ${countOf('comparisons', scale.users)}) i
    cross join lateral (select ${somewhen(scale, 'i', 307)} as ms) t join people p on p.n = pg_temp.pick(i, 308, ${scale.users}, 2)`)
  for (const text of COMPARISONS) await run(text)
  await run(`
    insert into spend (user_id, day, reserved, spent)
    select user_id, spend_day, 0, sum(cost_micros) from prompt_tests group by 1, 2;
    insert into budgets (user_id, unfinished) select distinct user_id, 0 from prompt_tests`)
}

const COLUMNS = `id, prompt_id, user_id, prompt_content, model_provider, model_name, temperature, max_tokens, status, response, token_count,
  response_time_ms, cost, error_message, created_at, completed_at, prompt_version, content_hash, variables, lane, price_id, reserved_micros, spend_day,
  input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, usage_source, cost_micros, attempts, dispatched_at, started_at,
  first_token_ms, finish_reason, error_code, revision`

/** Values of these columns for a test `t` (`test_n`, a prompt, `tested_ms`, `is_answered`), with its text and its answer. */
const VALUES = `t.id, t.user_id, pg_temp.prose(t.n, 103, pg_temp.size(t.n, 104)) || ' data', 'sandbox', 'scale', 0.7, 1024,
  case when is_answered then 'COMPLETED' else 'FAILED' end, case when is_answered then a.answer end, case when is_answered then 300 + size * 20 end,
  900 + size * 40, case when is_answered then 0.0021 end, case when not is_answered then 'the provider answered 500: ask again later' end,
  pg_temp.at(tested_ms), pg_temp.at(tested_ms) + interval '2 seconds', t.version, encode(sha256(t.n::text::bytea), 'hex'), '{"topic": "data"}',
  'sandbox', pg_temp.id(41, 1, 0), 5000, (pg_temp.at(tested_ms) at time zone 'utc')::date, case when is_answered then 300 end, 0, 0,
  case when is_answered then size * 20 end, 0, case when is_answered then 'PROVIDER' end, case when is_answered then 300 + size * 100 else 0 end, 1,
  pg_temp.at(tested_ms), pg_temp.at(tested_ms), 200, case when is_answered then 'stop' end, case when not is_answered then 'PROVIDER_ERROR' end, 3`

const ANSWERED = `cross join lateral (select pg_temp.size(test_n, 311) as size) s
  cross join lateral (select pg_temp.prose(test_n, 313, size) as answer) a`

const testsOf = (tests: string) => `
  insert into prompt_tests (${COLUMNS})
  select pg_temp.id(42, test_n, tested_ms), ${VALUES}
  from (${tests}) t ${ANSWERED}
  order by tested_ms`

const SETTINGS = `'{"models": [{"provider": "sandbox", "name": "scale"}], "repeats": 1, "passRate": 1}'`
const DEFINITION = `jsonb_build_object('name', 'Case ' || c, 'values', jsonb_build_object('topic', 'data'),
  'assertions', jsonb_build_array(jsonb_build_object('contains', jsonb_build_object('text', 'a'))))`

const SUITES = [
  `insert into suites (id, prompt_id, user_id, name, settings, cases_count, created_at, updated_at)
  select id, prompt_id, user_id, 'Suite ' || n, ${SETTINGS}, 5, pg_temp.at(ms), pg_temp.at(ms) from sets order by ms`,
  `insert into suite_cases (suite_id, position, definition) select id, c, ${DEFINITION} from sets cross join generate_series(0, 4) c`,
  `insert into suite_runs (id, suite_id, cases_revision, prompt_id, user_id, prompt_version, content_hash, settings, status, verdict, pass_rate, tests_count,
    created_at, completed_at)
  select run_id, id, 1, prompt_id, user_id, version, encode(sha256(prompt_n::text::bytea), 'hex'), ${SETTINGS}, 'COMPLETED',
    case when luck < 0.8 then 'PASS' else 'FAIL' end, case when luck < 0.8 then 1 else 0 end, 5, pg_temp.at(ms), pg_temp.at(ms) + interval '1 minute'
  from sets order by ms`,
  `insert into suite_run_cases (run_id, position, definition) select run_id, c, ${DEFINITION} from sets cross join generate_series(0, 4) c`,
  `insert into prompt_tests (${COLUMNS}, suite_run_id, case_position, case_name, repeat, verdict, assertion_results, kind)
  select pg_temp.id(45, test_n, tested_ms), ${VALUES}, run_id, c, 'Case ' || c, 1, case when luck < 0.8 then 'PASS' else 'FAIL' end,
    '[{"outcome": "PASS"}]', 'CASE'
  from (
    select n * 5 + c as test_n, prompt_n as n, prompt_id as id, user_id, version, ms as tested_ms, true as is_answered, run_id, c, luck
    from sets cross join generate_series(0, 4) c
  ) t ${ANSWERED}
  order by tested_ms`,
]

const COMPARISONS = [
  `create temp table pairs_of_tests as
  select c.n, c.id, c.ms, c.user_id, t.prompt_id, t.ids
  from compared c
  join lateral (
    select p.prompt_id, (array_agg(p.id order by p.id))[1:2] as ids from prompt_tests p
    where p.user_id = c.user_id and p.suite_run_id is null
    group by 1 having count(*) > 1 order by 1 limit 1
  ) t on true`,
  `insert into test_comparisons (id, name, prompt_id, user_id, created_at)
  select id, 'Comparison ' || n, prompt_id, user_id, pg_temp.at(ms) from pairs_of_tests order by ms`,
  `insert into comparison_test_ids (comparison_id, test_id, position)
  select id, test_id, position - 1 from pairs_of_tests, unnest(ids) with ordinality t (test_id, position)`,
]
