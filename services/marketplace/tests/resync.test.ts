import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { until } from '#chassis/testing/until.ts'
import { LicenseGranted, LicenseRevoked } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

let market: Marketplace
let seller: Person
let buyer: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
afterAll(() => market.stop())

const told = (subject: string) =>
  market.database.query<{ payload: object; occurred_at: Date }>(
    `select payload, occurred_at from outbox where subject = $1 and payload -> 'metadata' ->> 'resync' = 'true' order by id`,
    [subject],
  )

test('resync tells what licences unlock, and which unlock nothing any more, as their events told it', async () => {
  const one = await market.list(seller, { durationDays: 30, includesUpdates: true })
  const other = await market.list(seller)
  const { license: kept } = await market.buy(buyer, one.listingId)
  const { license: ended } = await market.buy(buyer, other.listingId)
  await market.database.query(`update licenses set is_active = false, revoked_at = now(), revision = 2 where id = $1`, [
    ended!.licenseId,
  ])
  const running = market.service.commands['resync']!([])
  const [granted] = await until('the licence to be told', async () => {
    const rows = await told('pf.marketplace.license.granted.v1')
    return rows.length > 0 && rows
  })
  expect(LicenseGranted.fromJSON(granted!.payload)).toMatchObject({
    metadata: { aggregateId: kept!.licenseId, aggregateRevision: 1n, resync: true },
    entitlement: {
      licenseId: kept!.licenseId,
      promptId: one.promptId,
      userId: buyer.userId,
      licenseType: kept!.licenseType,
      minVersion: 3,
      maxVersion: undefined,
      expiresAt: kept!.expiresAt,
      active: true,
      revision: 1n,
    },
  })
  const [revoked] = await told('pf.marketplace.license.revoked.v1')
  expect(LicenseRevoked.fromJSON(revoked!.payload)).toMatchObject({
    metadata: { aggregateId: ended!.licenseId, aggregateRevision: 2n },
    entitlement: { active: false, revision: 2n, maxVersion: 3, expiresAt: undefined },
  })
  await running
})
