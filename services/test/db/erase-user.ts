import { timestamptz, uuid } from '#chassis/db/params.ts'
import { statement, unprepared } from '#chassis/db/statements.ts'
import { LONGEST_TOKEN_HOURS } from '#chassis/grpc/tokens.ts'
import { eventParams, outboxCte } from '#chassis/events/outbox.ts'
import { CANCELLING } from './cancel-test.ts'
import { endOf } from './emissions.ts'
import { settleCtes } from './settle.ts'

/** Tests of which one statement takes the texts, and bytes of these as they are stored: so few that it ends within a second. */
const TESTS = 200
const BYTES = 16 * 1024 * 1024

/** Tests that one statement cancels, and small rows that one changes. */
const ROWS = 500

/** Suites, or their runs, of which one statement deletes the cases: each has 2 MiB of them at the most. */
const SUITES = 4

/** A row that a statement has changed. It is run again until there is none. */
type Changed = { id: string }

/** Keeps in mind that a user was erased, so that what comes with the last access token goes, too. */
export const rememberErased = statement('remember_erased', { userId: uuid })(
  (p) => `insert into erased_users (user_id, heard_at) values (${p.userId}, now())
  on conflict (user_id) do update set heard_at = excluded.heard_at`,
)

/** Who was erased not long ago, and since when what the user stores may have come after that. */
export const listErased = statement(
  'list_erased',
  {},
)<{ user_id: string; since: Date }>(
  () => `select user_id, heard_at - interval '1 hour' as since from erased_users order by heard_at limit ${ROWS}`,
)

/** Forgets it when nobody has an access token any more and all tests have ended; nothing counts what has not ended from then on. */
export const forgetErased = statement('forget_erased', { userId: uuid })(
  (p) => `with over as (
    delete from erased_users e
    where e.user_id = ${p.userId} and e.heard_at < now() - interval '${LONGEST_TOKEN_HOURS} hour'
      and not exists (select from prompt_tests t where t.user_id = e.user_id and t.status in ('PENDING', 'RUNNING'))
    returning e.user_id
  )
  delete from budgets b using over where b.user_id = over.user_id`,
)

/** Cancels tests of a user that have not ended: see `cancel-test.ts`. */
export const cancelAllTests = statement('cancel_all_tests', { userId: uuid, ...eventParams })<Changed>(
  (p) => `with page as materialized (
    select id from prompt_tests
    where user_id = ${p.userId} and status in ('PENDING', 'RUNNING') and (status = 'PENDING' or cancel_requested_at is null)
    order by id limit ${ROWS} for update
  ),
  marked as (
    update prompt_tests t set ${CANCELLING} from page where t.id = page.id and t.status in ('PENDING', 'RUNNING') returning t.*
  ),
  ended as (select * from marked where status = 'FAILED'),
  ${settleCtes('ended', '0')},
  ${outboxCte(p, { from: 'ended m', at: 'm.completed_at', aggregateId: 'm.id', events: endOf('m') })}
  select id from marked`,
)

/** Empties keys of a user. The rows stay: tests name them, and so tell that it was not the operator who paid. */
export const eraseKeys = statement('erase_keys', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from provider_keys
    where user_id = ${p.userId} and (revoked_at is null or name <> '' or hint <> '') limit ${ROWS} for update
  )
  update provider_keys k
  set name = '', hint = '', secret_id = null, sealed = null, revoked_at = coalesce(k.revoked_at, now())
  from page where k.id = page.id
  returning k.id`,
)

/** Deletes suites of a user, as DeleteSuite does. After that nothing about them changes, and none runs. */
export const deleteSuites = statement('delete_suites', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from suites where user_id = ${p.userId} and deleted_at is null limit ${ROWS} for update
  )
  update suites s set deleted_at = now() from page where s.id = page.id returning s.id`,
)

// What has been erased has no settings.
const NOTHING = `'{}'::jsonb`

/** Takes the texts from suites of a user that were deleted, and their cases. */
export const eraseSuites = statement('erase_suites', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from suites where user_id = ${p.userId} and deleted_at is not null and settings <> ${NOTHING} limit ${SUITES} for update
  ),
  cases as (delete from suite_cases c using page where c.suite_id = page.id)
  update suites s set name = '', description = null, settings = ${NOTHING}
  from page where s.id = page.id
  returning s.id`,
)

/** Ends runs of a user's suites, and judgings of them, and takes their texts and cases. The rows stay with their counts: tests name them. */
export const eraseRuns = statement('erase_runs', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select r.id from suites s join suite_runs r on r.suite_id = s.id
    where s.user_id = ${p.userId} and r.settings <> ${NOTHING} limit ${SUITES} for update of r
  ),
  cases as (delete from suite_run_cases c using page where c.run_id = page.id)
  update suite_runs r
  set settings = ${NOTHING}, status = 'COMPLETED', verdict = case when r.to_run_id is null then coalesce(r.verdict, 'INCONCLUSIVE') end,
    completed_at = coalesce(r.completed_at, now()), revision = r.revision + 1
  from page where r.id = page.id
  returning r.id`,
)

/** Deletes comparisons of a user, with their lists of tests. */
export const deleteComparisons = statement('delete_comparisons', { userId: uuid })<Changed>(
  (p) => `with page as materialized (
    select id from test_comparisons where user_id = ${p.userId} limit ${ROWS}
  )
  delete from test_comparisons c using page where c.id = page.id returning c.id`,
)

/** Deletes the limit that a user has set for a day. */
export const deleteLimit = statement('delete_limit', { userId: uuid })(
  (p) => `update budgets set daily_limit_micros = null where user_id = ${p.userId} and daily_limit_micros is not null`,
)

/**
 * Takes the texts from a page of a user's tests, from the newest to the oldest, and answers with where the next page begins: no row after the
 * last one. A test that runs loses them at once, and `finish_test` adds none. None is judged any more. Few users have so many that they must
 * not be sorted, and only the user tells.
 */
export const eraseTests = unprepared({
  userId: uuid,
  since: timestamptz,
  beforeTime: timestamptz,
  beforeId: uuid,
})<{ id: string; created_at: Date }>(
  (p) => `with newest as (
    select id, created_at, erased_at, pg_column_size(prompt_content) + coalesce(pg_column_size(response), 0) as bytes
    from prompt_tests
    where user_id = ${p.userId} and (created_at, id) < (${p.beforeTime}, ${p.beforeId}) and created_at >= ${p.since}
    order by created_at desc, id desc limit ${TESTS}
  ),
  page as materialized (
    select * from (
      select id, created_at, erased_at, sum(bytes) over (order by created_at desc, id desc) - bytes as before from newest
    ) counted where before < ${BYTES}
  ),
  erased as (
    update prompt_tests t
    set prompt_content = '', variables = '{}', response = null, error_message = null, case_name = null, assertion_results = null,
      raw_usage = null, verdict = case when t.suite_run_id is not null then coalesce(t.verdict, 'ERROR') end,
      erased_at = now(), revision = t.revision + 1
    from page where t.id = page.id and page.erased_at is null and t.erased_at is null
  )
  select id, created_at from page order by created_at, id limit 1`,
)
