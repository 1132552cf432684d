import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { type Asked, asking, describePlans } from '#chassis/testing/plans.ts'
import { batchGetUsers } from '../db/batch-get-users.ts'
import { checkCaller } from '../db/check-caller.ts'
import { deleteOldClosedAccounts, listClosedAccounts } from '../db/closed-accounts.ts'
import { EXPIRED } from '../db/delete-expired.ts'
import { endAll, endFamily, endFamilyOf } from '../db/end-sessions.ts'
import { findAccountByEmail, findAccountByUsername } from '../db/find-account.ts'
import { getUser } from '../db/get-user.ts'
import { registerUserStatement, takenNames } from '../db/register-user.ts'
import { inspectRefreshToken, rotateRefreshToken } from '../db/rotate-refresh-token.ts'
import { startSession } from '../db/start-session.ts'
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
  select 'old-' || username, id, now() + (row_number() over (order by id) % 40) * interval '1 day' from users;
  insert into closed_accounts (user_id, closed_at)
  select id, now() - (row_number() over (order by id) % 40 = 0)::integer * interval '2 hours' from users;`

const ANN = '01900000-0000-7000-8000-000000000007'
const BOB = '01900000-0000-7000-8000-000000000008'
const { account, address } = attemptOf('user7', '192.0.2.7')
const [held, fresh] = [hashOfToken('user7'), hashOfToken('new')]
const [now, later] = [new Date(), new Date(Date.now() + 1e6)]

const session = { tokenId: randomUUID(), tokenHash: fresh, issuedAt: now, expiresAt: later }
const newUser = {
  id: randomUUID(),
  username: 'new',
  email: 'new@x.org',
  password: 'h',
  firstName: 'F',
  lastName: 'L',
  sessionId: randomUUID(),
}

const STATEMENTS: Asked[] = [
  asking(getUser, { userId: ANN, readerId: BOB }),
  asking(getUser, { userId: ANN, readerId: null }),
  asking(batchGetUsers, { userIds: [ANN, BOB], readerId: BOB }),
  asking(checkCaller, { userId: ANN }),
  asking(findAccountByEmail, { login: 'User7@example.org', account, address }),
  asking(findAccountByUsername, { login: 'USER7', account, address }),
  asking(startSession, { userId: ANN, ...session, account, address, eventHeaders: '{}' }),
  asking(registerUserStatement, { ...newUser, ...session, eventHeaders: '{}' }),
  asking(takenNames, { username: 'USER7', email: 'User7@example.org' }),
  asking(rotateRefreshToken, { hash: held, nextId: randomUUID(), nextHash: fresh, issuedAt: now, expiresAt: later }),
  asking(inspectRefreshToken, { hash: held, nextHash: held }),
  asking(endFamily, { familyId: ANN }),
  asking(endFamilyOf, { hash: held, userId: ANN }),
  asking(endAll, { userId: ANN }),
  asking(listClosedAccounts, { after: null }),
  asking(listClosedAccounts, { after: ANN }),
  asking(deleteOldClosedAccounts, { seconds: 1200 }),
  ...EXPIRED.map((query) => asking(query, {})),
]

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  await database.query('analyze')
})
afterAll(() => database.drop())

describePlans(() => database, STATEMENTS)

test('a new username is looked for among the held ones by an index', async () => {
  const scans = async () => {
    const text = `select seq_scan::integer as scans from pg_stat_xact_user_tables where relname = 'held_usernames'`
    return (await database.query<{ scans: number }>(text))[0]!.scans
  }
  await database.query('begin')
  try {
    const before = await scans()
    const text = `insert into users (id, username, email, password, created_at) values ($1, 'fresh', 'fresh@x.org', 'h', now())`
    await database.query(text, [randomUUID()])
    expect((await scans()) - before).toBe(0)
  } finally {
    await database.query('rollback')
  }
})
