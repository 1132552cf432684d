import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { DELETED_USER } from '#contracts/events.ts'
import { Listing_Status } from '#contracts/gen/promptforge/marketplace/v1/listing.ts'
import { eraseUser } from '../../dev-env/infra/erasing.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

/** What each text has that somebody writes who is erased, and nothing else. */
const SECRET = 'zibeline'

let broker: TestBroker
let market: Marketplace

beforeAll(async () => {
  broker = await startTestBroker()
  market = await startMarketplace({ natsUrl: broker.url })
})
afterAll(async () => {
  await market.stop()
  await broker.stop()
})

const sql = <T extends object>(query: string, params: unknown[] = []) => market.database.query<T>(query, params)
const erase = ({ userId }: Person) => eraseUser(broker, userId, 'marketplace')
const getListing = async (listingId: string, { as }: Person) =>
  (await market.listings.getListing({ listingId }, as)).listing!

/** All that the database has, as text. */
async function everything(): Promise<string> {
  const tables = await sql<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public' and table_name not like '%migration%'`,
  )
  const rows: object[] = []
  for (const { name } of tables) rows.push(await sql(`select t::text from ${name} t`))
  return JSON.stringify(rows)
}

/** Lists a prompt with texts of the seller's everywhere, which have this word. */
async function list(seller: Person, fields: { exclusive?: boolean } = {}, word = SECRET) {
  const [promptId, testId] = [market.promptOf(seller), randomUUID()]
  market.samples.set(testId, { promptId, promptVersion: 3, values: { word }, response: `An answer: ${word}` })
  return market.list(seller, {
    promptId,
    title: `A prompt about ${word}`,
    description: `It says ${word}`,
    category: 'writing',
    sampleTestIds: [testId],
    ...fields,
  })
}

/** Money, and whose it is. */
const books = () =>
  sql(
    `select t.id, t.buyer_id, t.seller_id, t.amount, t.fee, t.status, p.kind, e.account, e.amount as entry, b.pending, b.available
    from transactions t join ledger_postings p on p.transaction_id = t.id join ledger_entries e on e.posting_id = p.id
      join seller_balances b on b.seller_id = t.seller_id and b.currency = t.currency
    order by t.id, p.kind, e.account`,
  )
const licenses = () =>
  sql(
    `select id, transaction_id, buyer_id, seller_id, is_active, license_key_hash, license_key_enc, revision from licenses order by id`,
  )

/** As RefundTransaction stores who asked for a refund, and why. */
const giveReason = (transactionId: string, by: Person, reason: string) =>
  sql('update transactions set refund_reason = $2, refunded_by = $3 where id = $1', [transactionId, reason, by.userId])

describe('when a user is erased', () => {
  test('what they sell is withdrawn and emptied, and the licences that they sold stay valid', async () => {
    const [seller, other] = [await market.person(`ann-${SECRET}`), await market.person('other')]
    const [buyer, second] = [await market.person('bob'), await market.person('carl')]
    const [active, exclusive, others] = [
      await list(seller),
      await list(seller, { exclusive: true }),
      await list(other, {}, 'marten'),
    ]
    const sales = [await market.buy(buyer, active.listingId), await market.buy(buyer, exclusive.listingId)]
    const revoked = await market.buy(second, active.listingId)
    const reason = `It was ${SECRET}`
    await market.licenses.revokeLicense({ licenseId: revoked.license!.licenseId, reason }, seller.as)
    await giveReason(sales[0]!.transaction!.transactionId, seller, reason)
    const before = [await books(), await licenses()]

    await erase(seller)

    const empty = { title: '', description: '', samples: [] }
    expect(await getListing(active.listingId, buyer)).toMatchObject({ ...empty, status: Listing_Status.REMOVED })
    expect(await getListing(exclusive.listingId, buyer)).toMatchObject({ ...empty, status: Listing_Status.SOLD })
    const anybody = market.listings.getListing({ listingId: active.listingId })
    expect(await rejection(anybody)).toMatchObject({ reason: 'RESOURCE_NOT_FOUND' })
    expect(await rejection(market.buy(second, active.listingId))).toMatchObject({ reason: 'LISTING_NOT_ACTIVE' })
    expect([await books(), await licenses()]).toEqual(before)
    for (const { licenseKey } of sales) {
      expect(await market.licenses.verifyLicense({ licenseKey })).toMatchObject({ valid: true })
    }
    const { license } = await market.licenses.getLicense({ licenseId: revoked.license!.licenseId }, second.as)
    expect(license).toMatchObject({ isActive: false, revokeReason: '' })

    const events = await readOutbox(market.database, active.listingId)
    expect(
      events.map(({ name, payload }) => [name, (payload['actor'] as { username?: string }).username ?? '']),
    ).toEqual([
      ['listing.created', DELETED_USER],
      ['listing.removed', ''],
    ])
    expect(await readOutbox(market.database, exclusive.listingId)).toHaveLength(1)
    // What is left has been written by others.
    expect(await getListing(others.listingId, other)).toMatchObject({
      title: others.title,
      description: others.description,
    })
    expect(await everything()).not.toContain(SECRET)

    // It is told twice at least, and the second time changes nothing.
    const rows = () => sql('select id, revision, updated_at from prompt_listings order by id')
    const after = await rows()
    await erase(seller)
    expect(await rows()).toEqual(after)
    expect(await readOutbox(market.database, active.listingId)).toHaveLength(2)
  })

  test('what they bought stays theirs in the books, without what they wrote and paid with', async () => {
    const [seller, buyer] = [await market.person('dora'), await market.person(`emil-${SECRET}`)]
    const [one, two] = [await market.list(seller), await market.list(seller)]
    const mine = await market.buy(buyer, one.listingId)
    const revoked = await market.buy(buyer, two.listingId)
    await giveReason(mine.transaction!.transactionId, buyer, `I wanted ${SECRET}`)
    const licenseId = revoked.license!.licenseId
    await market.licenses.revokeLicense({ licenseId, reason: 'The seller says so.' }, seller.as)
    const before = [await books(), await licenses()]

    await erase(buyer)

    expect([await books(), await licenses()]).toEqual(before)
    const rows = await sql('select payment_method, refund_reason, refunded_by from transactions where buyer_id = $1', [
      buyer.userId,
    ])
    expect(rows).toHaveLength(2)
    for (const row of rows) expect(row).toMatchObject({ payment_method: null, refund_reason: null })
    // It is the seller who has written this, and the listings are theirs.
    const { license } = await market.licenses.getLicense({ licenseId }, seller.as)
    expect(license).toMatchObject({ revokeReason: 'The seller says so.' })
    expect(await getListing(one.listingId, seller)).toMatchObject({ status: Listing_Status.ACTIVE, title: 'A prompt' })
    expect(await everything()).not.toContain(SECRET)
  })

  test('any number of listings goes', async () => {
    const seller = await market.person('fritz')
    const { listingId } = await list(seller)
    await sql(
      `insert into prompt_listings (id, prompt_id, seller_id, title, price, status, created_at, prompt_version, min_version, includes_updates,
        currency, exclusive, search)
      select gen_random_uuid(), gen_random_uuid(), seller_id, title, price, case when i % 2 = 0 then 'ACTIVE' else 'REMOVED' end, created_at,
        prompt_version, min_version, includes_updates, currency, exclusive, search
      from prompt_listings cross join generate_series(1, 120) i where id = $1`,
      [listingId],
    )
    await erase(seller)
    const counted = await sql(
      'select status, title, count(*)::integer as count from prompt_listings where seller_id = $1 group by 1, 2',
      [seller.userId],
    )
    expect(counted).toEqual([{ status: 'REMOVED', title: '', count: 121 }])
  })
})
