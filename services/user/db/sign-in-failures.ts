import { bytea, text } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'

/** Failures without a delay: a user may mistype. */
export const FREE_FAILURES = 3

/** The longest wait, seconds. */
const LONGEST_WAIT = 30

/** How long to wait after so many failures, as an SQL interval: nothing, nothing, 1 s, 2 s, 4 s … 30 s. */
export const waitAfter = (failures: string) => `(interval '1 second' * case
  when ${failures} < ${FREE_FAILURES} then 0
  else least(${LONGEST_WAIT}, 2 ^ least(${failures} - ${FREE_FAILURES}, 10)) end)`

/** Counts a failure that was not counted before. */
export const countSignInFailure = statement('count_sign_in_failure', { account: bytea, address: text })(
  (p) => `insert into sign_in_failures as f (account, address, failures, retry_at)
  values (${p.account}, ${p.address}, 1, now() + ${waitAfter('1')})
  on conflict (account, address) do update set failures = f.failures + 1,
    retry_at = greatest(f.retry_at, now() + ${waitAfter('f.failures + 1')})`,
)
