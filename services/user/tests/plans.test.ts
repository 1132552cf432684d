import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Statement } from '#chassis/db/statements.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { batchGetUsers } from '../db/batch-get-users.ts'
import { checkCaller } from '../db/check-caller.ts'
import { EXPIRED } from '../db/delete-expired.ts'
import { endAll, endFamily, endFamilyOf } from '../db/end-sessions.ts'
import { findAccountByEmail, findAccountByUsername } from '../db/find-account.ts'
import { getUser } from '../db/get-user.ts'
import { registerUserStatement, takenNames } from '../db/register-user.ts'
import { inspectRefreshToken, rotateRefreshToken } from '../db/rotate-refresh-token.ts'
import { countSignInFailure } from '../db/sign-in-failures.ts'
import { startSession } from '../db/start-session.ts'
import { updateUser } from '../db/update-user.ts'
import { schema } from '../db/schema.ts'
import { attemptOf } from '../sign-in.ts'
import { hashOfToken } from '../sessions.ts'

// 20,000 users, each with a session and a follower; a failed sign-in for each, every fortieth row of each table has expired.
const MAKE_ID = `
  create function pg_temp.id(n integer) returns uuid language sql as
  $$ select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`
const FILL = `
  insert into users (id, username, email, password, created_at)
  select pg_temp.id(i), 'user' || i, 'user' || i || '@example.org', repeat('x', 60), now() - i * interval '1 minute'
  from generate_series(1, 20000) i;
  insert into user_follows (id, follower_id, following_id, created_at)
  select pg_temp.id(i), pg_temp.id(i), pg_temp.id(i % 20000 + 1), now() from generate_series(1, 20000) i;
  insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
  select id, id, id, sha256(username::bytea), now(), now() + (row_number() over (order by id) % 40) * interval '1 day'
  from users;
  insert into sign_in_failures (account, address, failures, retry_at)
  select sha256(username::bytea), '192.0.2.7', 4, now() - (row_number() over (order by id) % 40 = 0)::integer * interval '2 hours'
  from users;
  insert into held_usernames (name, user_id, held_until)
  select 'old-' || username, id, now() + (row_number() over (order by id) % 40) * interval '1 day' from users;`

const ANN = '01900000-0000-7000-8000-000000000007'
const BOB = '01900000-0000-7000-8000-000000000008'
const { account, address } = attemptOf('user7', '192.0.2.7')
const [held, fresh] = [hashOfToken('user7'), hashOfToken('new')]
const [now, later] = [new Date(), new Date(Date.now() + 1e6)]

const STATEMENTS: [Pick<Statement<unknown[], unknown>, 'name' | 'text'>, readonly unknown[]][] = [
  [getUser, [ANN, BOB]],
  [getUser, [ANN, null]],
  [batchGetUsers, [[ANN, BOB], BOB]],
  [checkCaller, [ANN]],
  [findAccountByEmail, ['User7@example.org', account, address]],
  [findAccountByUsername, ['USER7', account, address]],
  [countSignInFailure, [account, address]],
  [startSession, [ANN, randomUUID(), fresh, now, later, account, address, '{}', randomUUID()]],
  [
    registerUserStatement,
    [randomUUID(), 'new', 'new@x.org', 'h', 'F', 'L', randomUUID(), fresh, now, later, '{}', randomUUID()],
  ],
  [takenNames, ['USER7', 'User7@example.org']],
  [rotateRefreshToken, [held, randomUUID(), fresh, now, later]],
  [inspectRefreshToken, [held]],
  [endFamily, [ANN]],
  [endFamilyOf, [held, ANN]],
  [endAll, [ANN]],
  [updateUser, [ANN, '1', 'other-name', null, null, 'bio', '{}', randomUUID()]],
  ...EXPIRED.map((query): [typeof query, readonly unknown[]] => [query, []]),
]

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  await database.query('analyze')
})
afterAll(() => database.drop())

describe.each(['generic', 'custom'] as const)('with a %s plan', (mode) => {
  test.each(STATEMENTS.map(([statement, params]) => [statement.name, statement, params] as const))(
    '%s scans no table and sorts nothing',
    async (_, statement, params) => {
      const nodes = await planOf(database, mode, statement, params)
      expect(tablesScanned(nodes)).toEqual([])
      expect(rowsSorted(nodes)).toEqual([])
    },
  )
})
