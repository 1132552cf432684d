import { bytea, type ParamType, text, uuid } from '#chassis/db/params.ts'
import { statement } from '#chassis/db/statements.ts'
import { PROFILE, type ProfileRow } from './profile.ts'
import { FREE_FAILURES, waitAfter } from './sign-in-failures.ts'

/** The account that somebody tries to sign in to, if there is one, and whether they may try. */
export type AccountRow = Omit<ProfileRow, 'id'> & {
  /** Null when there is no such account. */
  id: string | null
  password: string
  /** Of the password: another hash of the same password has the same one. */
  password_revision: number
  /** Milliseconds to wait before the next try; null when this one may go on. */
  wait_ms: number | null
}

/**
 * Finds an account, and decides whether a try may go on. Each try is counted as a failure before the password is looked at, so that
 * many at once do not all slip through the same gap; a success forgets them.
 */
const findAccount = (by: 'email' | 'username' | 'id', login: ParamType<string>, isIt: (login: string) => string) =>
  statement(`find_account_by_${by}`, { login, account: bytea, address: text })<AccountRow>(
    (p) => `with before as (
      select failures, retry_at from sign_in_failures where account = ${p.account} and address = ${p.address}
    ),
    counted as (
      insert into sign_in_failures as f (account, address, failures, retry_at)
      values (${p.account}, ${p.address}, 1, now() + ${waitAfter('1')})
      on conflict (account, address) do update
        set failures = f.failures + 1, retry_at = now() + ${waitAfter('f.failures + 1')}
        where f.failures < ${FREE_FAILURES} or f.retry_at <= now()
      returning f.failures
    )
    select ${PROFILE}, u.password, u.password_revision,
      case
        when c.failures is not null then null
        when b.retry_at > now() then ${milliseconds('b.retry_at - now()')}
        -- It was time, or there was no failure, when this statement began, and other tries were quicker.
        else ${milliseconds(waitAfter(`coalesce(b.failures + 1, ${FREE_FAILURES})`))}
      end as wait_ms
    from (select) one
    left join users u on ${isIt(p.login)}
    left join before b on true
    left join counted c on true`,
  )

const milliseconds = (interval: string) => `extract(epoch from ${interval})::float8 * 1000`

const isName = (column: string) => (login: string) => `lower(u.${column} collate "C") = lower(${login} collate "C")`

/** Finds the account with an e-mail address, whatever its case. Always one row. */
export const findAccountByEmail = findAccount('email', text, isName('email'))

/** Finds the account with a username, whatever its case. Always one row. */
export const findAccountByUsername = findAccount('username', text, isName('username'))

/** Finds the account of a user who is signed in. Always one row. */
export const findAccountById = findAccount('id', uuid, (id) => `u.id = ${id}`)
