import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { jobCause } from '#chassis/cause.ts'
import { capturedLog } from '#chassis/testing/captured-log.ts'
import { testDatabase } from '#chassis/testing/database.ts'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { until } from '#chassis/testing/until.ts'
import { schema } from '../db/schema.ts'
import { expiry } from '../sales/expire.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

let market: Marketplace

beforeAll(async () => {
  market = await startMarketplace()
})
afterAll(() => market.stop())

const buyFrom = async (one: Marketplace, { listingId }: { listingId: string }, buyer: Person) =>
  (await one.buy(buyer, listingId)).license!.licenseId

test('licences whose time is over are ended each once, however many there are, also when two replicas do it at once', async () => {
  const [seller, buyer] = [await market.person('ann'), await market.person('bob')]
  const licenseId = await buyFrom(market, await market.list(seller, { durationDays: 1 }), buyer)
  const lasting = await buyFrom(market, await market.list(seller), buyer)
  await market.database.query('begin')
  await market.database.query(
    `with copied as (
      insert into transactions (id, listing_id, buyer_id, seller_id, amount, status, created_at, completed_at, prompt_id, license_type,
        min_version, currency, fee, fee_bps, request_id, provider)
      select gen_random_uuid(), listing_id, gen_random_uuid(), seller_id, amount, status, created_at, completed_at, prompt_id, license_type,
        min_version, currency, fee, fee_bps, gen_random_uuid(), provider
      from transactions cross join generate_series(1, 250) where id = (select transaction_id from licenses where id = $1)
      returning *
    )
    insert into licenses (id, transaction_id, prompt_id, buyer_id, license_type, expires_at, created_at, seller_id, min_version, license_key_hash,
      license_key_enc, secret_id, key_hint)
    select gen_random_uuid(), id, prompt_id, buyer_id, license_type, now() - interval '1 second', created_at, seller_id, min_version,
      sha256(id::text::bytea), 'x', (select secret_id from licenses limit 1), 'PF1-00000'
    from copied`,
    [licenseId],
  )
  await market.database.query(`update licenses set expires_at = now() where id = $1`, [licenseId])
  await market.database.query('commit')
  const { run } = expiry(market.service.context.database)
  const signal = new AbortController().signal
  await Promise.all([1, 2].map(() => run(signal, jobCause('expiry'))))
  await until('all to be ended', async () => {
    const [left] = await market.database.query<{ count: number }>(
      'select count(*)::integer from licenses where is_active and expires_at <= now()',
    )
    return left!.count === 0
  })
  const revoked = (await readOutbox(market.database)).filter(({ name }) => name === 'license.revoked')
  expect(revoked).toHaveLength(251)
  expect(new Set(revoked.map(({ payload }) => (payload['entitlement'] as { licenseId: string }).licenseId)).size).toBe(
    251,
  )
  for (const { payload } of revoked) {
    expect(payload).toMatchObject({ reason: 'EXPIRED', metadata: { aggregateRevision: '2' } })
  }
  const [{ is_active: isActive } = {}] = await market.database.query('select is_active from licenses where id = $1', [
    lasting,
  ])
  expect(isActive).toBe(true)
})

test('licence keys are encrypted again with a new secret, and then need the former one no more', async () => {
  const [former, present] = ['a former secret of more than 32 chars', 'the present secret of more than 32 chars']
  const database = await testDatabase(schema)
  const captured = capturedLog()
  const start = (env: Record<string, string>) =>
    startMarketplace({ env, log: captured.log, replicaOf: { database, payments: market.payments } })
  const first = await start({ PF_LICENSE_KEY_SECRET: former })
  const [seller, buyer] = [await first.person('ann'), await first.person('bob')]
  const { listingId } = await first.list(seller)
  const { license, licenseKey } = await first.buy(buyer, listingId)
  await first.stop()

  const secretOf = async () => (await database.query('select secret_id from licenses'))[0]!['secret_id']
  const before = await secretOf()
  const without = await start({ PF_LICENSE_KEY_SECRET: present })
  await until('what cannot be decrypted to be reported', () =>
    captured.records.some(({ msg, unopened }) => unopened === 1 && msg.startsWith('licence keys cannot be decrypted')),
  )
  expect(await secretOf()).toBe(before)
  await without.stop()

  const second = await start({ PF_LICENSE_KEY_SECRET: present, PF_LICENSE_KEY_FORMER_SECRETS: former })
  await until('the key to be encrypted again', async () => (await secretOf()) !== before)
  await second.stop()

  const third = await start({ PF_LICENSE_KEY_SECRET: present })
  const as = { token: await third.identity.tokenFor({ userId: buyer.userId, username: 'bob' }) }
  const found = await third.licenses.getLicense({ licenseId: license!.licenseId }, as)
  expect(found.licenseKey).toBe(licenseKey)
  expect(await third.licenses.verifyLicense({ licenseKey })).toMatchObject({ valid: true })
  await third.stop()
  await database.drop()
  expect(JSON.stringify(captured.records)).not.toContain(licenseKey.slice(10))
})
