import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { FIRST_ID } from '#chassis/ids.ts'
import { rangeAfter } from '#chassis/db/newest-first.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { planOf } from '#chassis/testing/plan-of.ts'
import { asking, describePlans, pagesRead, rowsSorted, tablesScanned } from '#chassis/testing/plans.ts'
import { erasePaymentMethods, eraseRefundReasons, eraseRevokeReasons } from '../db/erase-user.ts'
import {
  getLicense,
  getLicenseOf,
  listBought,
  listSealedOtherwise,
  listSold,
  resealKey,
  verifyLicense,
} from '../db/licenses.ts'
import { schema } from '../db/schema.ts'

const MAKE_ID = `
  create function pg_temp.id(prefix text, n integer) returns uuid language sql as
  $$ select (prefix || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`

// 30,000 licences of 300 sellers and 1,000 buyers, of whom one has bought 1,000 more.
const BUYER = `pg_temp.id('00000001', case when i > 29000 then 5 else i % 1000 end)`
const SELLER = `pg_temp.id('00000002', i % 300)`
const FILL = `
  insert into prompt_listings (id, prompt_id, seller_id, title, price, status, created_at, prompt_version, min_version, includes_updates,
    currency, exclusive, search)
  select pg_temp.id('00000003', i), pg_temp.id('00000004', i), ${SELLER}, 'A prompt', 19.99, 'ACTIVE', now(), 1, 1, false, 'USD', false, ''
  from generate_series(1, 30000) i;
  insert into transactions (id, listing_id, buyer_id, seller_id, amount, status, payment_method, created_at, completed_at, prompt_id,
    license_type, min_version, currency, fee, fee_bps, request_id, provider, refunded_by, refund_reason)
  select pg_temp.id('00000005', i), pg_temp.id('00000003', i), ${BUYER}, ${SELLER}, 19.99, 'COMPLETED', 'pm_card_visa',
    now() - i * interval '1 minute', now(), pg_temp.id('00000004', i), 'PERSONAL', 1, 'USD', 4, 2000, gen_random_uuid(), 'stripe',
    case when i % 10 = 0 then ${SELLER} end, case when i % 10 = 0 then 'why' end
  from generate_series(1, 30000) i;
  insert into licenses (id, transaction_id, prompt_id, buyer_id, license_type, created_at, seller_id, min_version, license_key_hash,
    license_key_enc, secret_id, key_hint, is_active, revoked_at, revoked_by, revoke_reason)
  select pg_temp.id('00000006', i), pg_temp.id('00000005', i), pg_temp.id('00000004', i), ${BUYER}, 'PERSONAL', now() - i * interval '1 minute',
    ${SELLER}, 1, sha256(i::text::bytea), sha512(i::text::bytea), 's1', 'PF1-00000', i % 10 > 0, case when i % 10 = 0 then now() end,
    case when i % 10 = 0 then ${SELLER} end, case when i % 10 = 0 then 'why' end
  from generate_series(1, 30000) i`

const idOf = (prefix: string, n: number) => `${prefix}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
const [BUYER_ID, SELLER_ID, LICENSE_ID] = [idOf('00000001', 5), idOf('00000002', 30), idOf('00000006', 30)]
const page = { promptId: null, ...rangeAfter(undefined, 21) }
const sealed = Buffer.from('x')

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
  await database.query(MAKE_ID)
  await database.query(FILL)
  await database.query('analyze')
})
afterAll(() => database.drop())

describePlans(
  () => database,
  [
    asking(getLicense, { id: LICENSE_ID }),
    asking(getLicenseOf, { transactionId: idOf('00000005', 30) }),
    asking(verifyLicense, { keyHash: randomBytes(32) }),
    asking(resealKey, { id: LICENSE_ID, before: sealed, secretId: 's1', sealed }),
    asking(erasePaymentMethods, { userId: idOf('00000001', 6) }),
    asking(eraseRefundReasons, { userId: SELLER_ID }),
    asking(eraseRevokeReasons, { userId: SELLER_ID }),
  ],
)

describe('a page of a list of licences', () => {
  const plan = (query: typeof listBought, userId: string, promptId: string | null) =>
    planOf(database, 'custom', query, { ...page, userId, promptId })

  test('is read in its order, however many the user has', async () => {
    const nodes = await plan(listBought, BUYER_ID, null)
    expect([tablesScanned(nodes), rowsSorted(nodes)]).toEqual([[], []])
  })

  test('sorts at most as many as a page has', async () => {
    for (const [query, userId, promptId] of [
      [listBought, idOf('00000001', 6), null],
      [listSold, SELLER_ID, null],
      [listBought, BUYER_ID, idOf('00000004', 5)],
    ] as const) {
      const nodes = await plan(query, userId, promptId)
      expect(tablesScanned(nodes)).toEqual([])
      for (const rows of rowsSorted(nodes)) expect(rows).toBeLessThanOrEqual(100)
    }
  })
})

describe('licences whose keys another secret has encrypted', () => {
  const find = (secretId: string) => planOf(database, 'custom', listSealedOtherwise, { secretId, after: FIRST_ID })

  test('are found without reading the table when there are none', async () => {
    const nodes = await find('s1')
    expect(tablesScanned(nodes)).toEqual([])
    expect(pagesRead(nodes)).toBeLessThan(20)
  })

  test('are found in pages when all are', async () => {
    const nodes = await find('s2')
    expect(tablesScanned(nodes)).toEqual([])
    expect(pagesRead(nodes)).toBeLessThan(200)
  })
})
