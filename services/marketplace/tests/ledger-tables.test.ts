import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { schema } from '../db/schema.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase(schema)
})
afterAll(() => database.drop())

type Entry = [account: string, amount: number, currency?: string]

/** What a posting says of the seller's, minor units. Default: what its entries say. */
type Share = { fee: number; pending: number; available: number }

const shareOf = (entries: Entry[]): Share => {
  const sum = (account: string) => entries.reduce((total, [of, amount]) => total + (of === account ? amount : 0), 0)
  return { fee: sum('FEE'), pending: sum('SELLER_PENDING'), available: sum('SELLER_AVAILABLE') }
}

/** Stores a payout with these entries, in one transaction; a payout needs no sale. */
async function post(entries: Entry[], share: Partial<Share> = {}): Promise<string> {
  const id = randomUUID()
  const { fee, pending, available } = { ...shareOf(entries), ...share }
  await database.query('begin')
  try {
    await database.query(
      `insert into ledger_postings (id, kind, seller_id, currency, reference, created_at, fee, pending, available)
        values ($1, 'PAYOUT', $2, 'USD', $3, now(), $4, $5, $6)`,
      [id, randomUUID(), id, fee, pending, available],
    )
    await enter(id, entries)
    await database.query('commit')
  } catch (error) {
    await database.query('rollback')
    throw error
  }
  return id
}

async function enter(id: string, entries: Entry[]) {
  for (const [account, amount, currency = 'USD'] of entries)
    await database.query('insert into ledger_entries (posting_id, account, amount, currency) values ($1, $2, $3, $4)', [
      id,
      account,
      amount,
      currency,
    ])
}

const stored = () =>
  database.query(
    'select p.id, e.account, e.amount from ledger_postings p left join ledger_entries e on e.posting_id = p.id order by 1, 2',
  )
const UNBALANCED = { code: '23514', constraint: 'ledger_postings_sum_check' }

describe('the database refuses at the commit a posting', () => {
  test.each<[string, Entry[]]>([
    ['that has one entry', [['EXTERNAL', 5]]],
    [
      'that does not sum to zero',
      [
        ['EXTERNAL', 5],
        ['SELLER_AVAILABLE', -4],
      ],
    ],
    [
      'whose sum is zero only over two currencies',
      [
        ['EXTERNAL', 5],
        ['SELLER_AVAILABLE', -5, 'EUR'],
      ],
    ],
    [
      'whose entries are all of another currency than it',
      [
        ['EXTERNAL', 5, 'EUR'],
        ['SELLER_AVAILABLE', -5, 'EUR'],
      ],
    ],
  ])('%s', async (_, entries) => {
    const before = await stored()
    await expect(post(entries)).rejects.toMatchObject(UNBALANCED)
    expect(await stored()).toEqual(before)
  })

  test('that gets one more entry later', async () => {
    const id = await post([
      ['EXTERNAL', 5],
      ['SELLER_AVAILABLE', -5],
    ])
    await expect(enter(id, [['FEE', 1]])).rejects.toMatchObject(UNBALANCED)
  })

  const WORKED: Entry[] = [
    ['EXTERNAL', -1999],
    ['SELLER_PENDING', 1599],
    ['FEE', 400],
  ]
  test.each<[string, Entry[], Partial<Share>]>([
    ['that says more of what is pending than its entries', WORKED, { pending: 1600 }],
    ['that says another bucket than its entries', WORKED, { pending: 0, available: 1599 }],
    ['that says less of the fee than its entries', WORKED, { fee: 0 }],
    ['that has no entries and says something', [], { fee: 1 }],
  ])('%s', async (_, entries, share) => {
    const before = await stored()
    const refusal = { code: '23514', constraint: 'ledger_postings_share_check' }
    await expect(post(entries, share)).rejects.toMatchObject(refusal)
    expect(await stored()).toEqual(before)
  })

  test('but not a loss of the platform, of which the seller has nothing', async () => {
    const loss: Entry[] = [
      ['EXTERNAL', 1999],
      ['FEE', -1999],
    ]
    await post(loss, { fee: 0 })
    await post(loss)
  })

  test('nor one that sums to zero, in whatever order its entries come', async () => {
    const entries: Entry[] = [
      ['EXTERNAL', -1999],
      ['FEE', 400],
      ['SELLER_PENDING', 1599],
    ]
    await post(entries)
    await post(entries.toReversed())
  })

  test('and at once an entry of nothing, and a second one of the same account', async () => {
    await expect(post([['EXTERNAL', 0]])).rejects.toMatchObject({ constraint: 'ledger_entries_amount_check' })
    await expect(
      post([
        ['EXTERNAL', 1],
        ['EXTERNAL', -1],
      ]),
    ).rejects.toMatchObject({ constraint: 'ledger_entries_pkey' })
  })
})

describe('what was posted is never', () => {
  beforeEach(async () => {
    await post([
      ['EXTERNAL', 7],
      ['SELLER_AVAILABLE', -7],
    ])
  })

  test.each([
    ['changed', 'update ledger_entries set amount = amount'],
    ['deleted', 'delete from ledger_entries'],
    ['emptied', 'truncate ledger_entries'],
    ['changed, not even by nothing', 'update ledger_entries set amount = 1 where false'],
    ['given another kind', `update ledger_postings set kind = 'RELEASE'`],
    ['deleted as a posting', 'delete from ledger_postings'],
    ['emptied as a table of postings', 'truncate ledger_postings cascade'],
  ])('%s: %s', async (_, statement) => {
    const before = await stored()
    expect(before.length).toBeGreaterThan(0)
    await expect(database.query(statement)).rejects.toMatchObject({ code: '23001' })
    expect(await stored()).toEqual(before)
  })
})
