import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf } from '#chassis/testing/plan-of.ts'
import { type Asked, asking, describePlans, tablesScanned } from '#chassis/testing/plans.ts'
import { batchGetUsers } from '../db/batch-get-users.ts'
import { changePassword, findSessionOf } from '../db/change-password.ts'
import { checkCaller } from '../db/check-caller.ts'
import { deleteOldClosedAccounts, listClosedAccounts } from '../db/closed-accounts.ts'
import { EXPIRED } from '../db/delete-expired.ts'
import { endAll, endFamily, endFamilyOf, endOthers } from '../db/end-sessions.ts'
import { exchangeApiKey } from '../db/exchange-api-key.ts'
import { findAccountByEmail, findAccountById, findAccountByUsername } from '../db/find-account.ts'
import { findUserByEmail } from '../db/find-user-by-email.ts'
import { followUser, unfollowUser } from '../db/follows.ts'
import { getUser } from '../db/get-user.ts'
import { listFollowers, listFollowing, pageAfter } from '../db/list-follows.ts'
import { LIST_USERS } from '../db/list-users.ts'
import { registerUserStatement, takenNames } from '../db/register-user.ts'
import { inspectRefreshToken, rotateRefreshToken } from '../db/rotate-refresh-token.ts'
import { resync } from '../db/resync.ts'
import { startSession } from '../db/start-session.ts'
import { schema } from '../db/schema.ts'
import { attemptOf } from '../sign-in.ts'
import { hashOfToken } from '../sessions.ts'

// 20,000 users, each with a session and a follower; a failed sign-in for each, every fortieth row of each table has expired. One in a
// hundred is closed, one in a thousand an administrator or a moderator. One user has 5,000 followers, one follows 5,000.
const MAKE_ID = `
  create function pg_temp.id(n integer) returns uuid language sql as
  $$ select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`
const FILL = `
  insert into users (id, username, email, password, created_at, status, role)
  select pg_temp.id(i), 'user' || i, 'user' || i || '@example.org', repeat('x', 60), now() - i * interval '1 minute',
    case when i % 100 = 99 then 'DEACTIVATED' else 'ACTIVE' end,
    case i % 1000 when 77 then 'ADMIN' when 78 then 'MODERATOR' else 'USER' end
  from generate_series(1, 20000) i;
  insert into user_follows (id, follower_id, following_id, created_at)
  select pg_temp.id(i), pg_temp.id(i), pg_temp.id(i % 20000 + 1), now() from generate_series(1, 20000) i;
  insert into user_follows (id, follower_id, following_id, created_at)
  select gen_random_uuid(), pg_temp.id(i), pg_temp.id(1), now() - i * interval '1 minute' from generate_series(3, 5002) i
  union all
  select gen_random_uuid(), pg_temp.id(2), pg_temp.id(i), now() - i * interval '1 minute' from generate_series(4, 5003) i;
  insert into refresh_tokens (id, family_id, user_id, token_hash, issued_at, expires_at)
  select id, id, id, sha256(username::bytea), now(), now() + (row_number() over (order by id) % 40) * interval '1 day'
  from users;
  insert into sign_in_failures (account, address, failures, retry_at)
  select sha256(username::bytea), '192.0.2.7', 4, now() - (row_number() over (order by id) % 40 = 0)::integer * interval '2 hours'
  from users;
  insert into held_usernames (name, user_id, held_until)
  select 'old-' || username, id, now() + (row_number() over (order by id) % 40) * interval '1 day' from users;
  insert into api_keys (id, user_id, name, prefix, hash, scopes, created_at, last_used_at, expires_at)
  select id, id, 'key', 'pf_12345678', sha256(username::bytea), '{PROMPTS_READ}', now(), now() - interval '1 hour',
    now() + ((row_number() over (order by id) % 40) * 10 - 91) * interval '1 day'
  from users;
  insert into revoked_api_keys (key_id, revoked_at)
  select id, now() - (row_number() over (order by id) % 40 = 0)::integer * interval '2 hours' from users;
  insert into closed_accounts (user_id, closed_at)
  select id, now() - (row_number() over (order by id) % 40 = 0)::integer * interval '2 hours' from users;`

const ANN = '01900000-0000-7000-8000-000000000007'
const BOB = '01900000-0000-7000-8000-000000000008'
const EVE = '01900000-0000-7000-8000-000000000009'
/** Whom 5,000 follow, and who follows 5,000. */
const [STAR, FAN] = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002']
const FIRST_AND_NEXT = [undefined, [new Date(Date.now() - 1_000_000).toISOString(), ANN]].map(pageAfter)
const PREFIXES = [
  { prefix: '', after: '' },
  { prefix: 'USER1', after: 'user10' },
  { prefix: 'user777', after: '' },
]
const PAGE = 21
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

const LISTS: Asked[] = [
  ...FIRST_AND_NEXT.flatMap((page) => [
    asking(listFollowers, { userId: STAR, readerId: FAN, ...page, limit: PAGE }),
    asking(listFollowing, { userId: FAN, readerId: FAN, ...page, limit: PAGE }),
  ]),
  ...PREFIXES.flatMap((names) =>
    [...LIST_USERS.values()].map((query) => asking(query, { ...names, readerId: FAN, limit: PAGE })),
  ),
]

const STATEMENTS: Asked[] = [
  asking(getUser, { userId: ANN, readerId: BOB }),
  asking(getUser, { userId: ANN, readerId: null }),
  asking(batchGetUsers, { userIds: [ANN, BOB], readerId: BOB }),
  asking(checkCaller, { userId: ANN }),
  asking(findAccountByEmail, { login: 'User7@example.org', account, address }),
  asking(findAccountByUsername, { login: 'USER7', account, address }),
  asking(startSession, { userId: ANN, passwordRevision: 1, ...session, account, address, eventHeaders: '{}' }),
  asking(registerUserStatement, { ...newUser, ...session, eventHeaders: '{}' }),
  asking(takenNames, { username: 'USER7', email: 'User7@example.org' }),
  asking(rotateRefreshToken, { hash: held, nextId: randomUUID(), nextHash: fresh, issuedAt: now, expiresAt: later }),
  asking(inspectRefreshToken, { hash: held, nextHash: held }),
  asking(endFamily, { familyId: ANN }),
  asking(endFamilyOf, { hash: held, userId: ANN }),
  asking(endAll, { userId: ANN }),
  asking(endOthers, { userId: ANN, keptFamilyId: BOB }),
  asking(findAccountById, { login: ANN, account, address }),
  asking(findSessionOf, { hash: held, userId: ANN }),
  asking(changePassword, {
    userId: ANN,
    revision: 1,
    password: 'h',
    keptFamilyId: BOB,
    account,
    address,
    eventHeaders: '{}',
    audit: '{}',
  }),
  asking(findUserByEmail, { email: 'User7@example.org' }),
  asking(followUser, { userId: ANN, followerId: EVE, eventHeaders: '{}' }),
  asking(unfollowUser, { userId: EVE, followerId: ANN, eventHeaders: '{}' }),
  ...LISTS,
  asking(listClosedAccounts, { after: null }),
  asking(listClosedAccounts, { after: ANN }),
  asking(exchangeApiKey, { hash: held }),
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

describe.each(['generic', 'custom'] as const)('a page of users, with a %s plan', (mode) => {
  test.each(LISTS.map(({ name, plan }) => [name, plan] as const))(
    '%s reads no more than it shows, whomever and however many the reader follows',
    async (_, plan) => {
      const nodes = await plan(database, mode)
      expect(Math.max(...nodes.map((node) => node['Actual Rows']))).toBeLessThanOrEqual(PAGE)
    },
  )
})

describe.each(['generic', 'custom'] as const)('a page of resync, with a %s plan,', (mode) => {
  test.each(resync.map(({ table, tellPage }) => [table, tellPage] as const))(
    'of %s is read by the key',
    async (table, tellPage) => {
      const nodes = await planOf(database, mode, tellPage, { after: ANN, eventHeaders: '{}' })
      expect(tablesScanned(nodes)).toEqual([])
      const read = nodes.filter((node) => node['Relation Name'] === table)
      expect(read.map((node) => [node['Node Type'], node['Actual Rows']])).toEqual([['Index Scan', 200]])
    },
  )
})

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
