import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Metadata } from '@grpc/grpc-js'
import { capturedLog } from '#chassis/testing/captured-log.ts'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import {
  LicenseServiceService,
  VerifyLicenseResponse_Reason as Reason,
} from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { makeLicenseKey } from '../license-key.ts'
import { MAX_MISSES } from '../license-misses.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'

const captured = capturedLog()

let market: Marketplace
let seller: Person
let buyer: Person
let addresses = 0

beforeAll(async () => {
  captured.log.level = 'trace'
  market = await startMarketplace({ log: captured.log })
  seller = await market.person('ann')
  buyer = await market.person('bob')
})
afterAll(() => market.stop())

async function bought(fields: Parameters<Marketplace['list']>[1] = {}) {
  const { listingId, promptId } = await market.list(seller, fields)
  const { license, licenseKey } = await market.buy(buyer, listingId)
  return { promptId, licenseId: license!.licenseId, licenseKey }
}

/** Verifies as the gateway does for somebody at this address. */
function verifierAt(address: string) {
  const metadata = new Metadata()
  metadata.set('x-envoy-external-address', address)
  const gateway = market.stub(LicenseServiceService, 'gateway')
  return (licenseKey: string) => gateway.verifyLicense({ licenseKey }, { metadata })
}
/** The same from an address that nobody else has. */
const verifier = () => verifierAt(`192.0.2.${++addresses}`)
const stored = async (licenseId: string) =>
  (await market.database.query('select is_active, revision from licenses where id = $1', [licenseId]))[0]

/** What is said of a key that is of no licence. */
const OF_NONE = {
  valid: false,
  reason: Reason.UNSPECIFIED,
  licenseId: '',
  promptId: '',
  licenseType: License_Type.UNSPECIFIED,
  minVersion: 0,
  maxVersion: undefined,
  expiresAt: undefined,
}

describe('VerifyLicense', () => {
  test('tells anybody what a key unlocks, and never whose it is', async () => {
    const { licenseId, promptId, licenseKey } = await bought({ minVersion: 2, promptVersion: 3 })
    const answer = await verifier()(licenseKey)
    expect(answer).toEqual({
      valid: true,
      reason: Reason.UNSPECIFIED,
      licenseId,
      promptId,
      licenseType: License_Type.PERSONAL,
      minVersion: 2,
      maxVersion: 3,
      expiresAt: undefined,
    })
    expect(JSON.stringify(answer)).not.toContain(buyer.userId)
  })

  test('reads a key as people type it', async () => {
    const { licenseId, licenseKey } = await bought()
    const symbols = licenseKey.slice(4)
    for (const typed of [
      licenseKey.toLowerCase(),
      licenseKey.replaceAll('-', ''),
      `  ${licenseKey}\n`,
      `pf1-${symbols.replaceAll('0', 'o').replaceAll('1', 'l')}`,
      `PF1-${symbols.replaceAll('0', 'O').replaceAll('1', 'I')}`,
    ]) {
      expect(await verifier()(typed)).toMatchObject({ valid: true, licenseId })
    }
  })

  test('answers the same for a key that is malformed, unknown, or of something else', async () => {
    const { licenseKey, licenseId } = await bought()
    const last = licenseKey.at(-1)
    for (const key of [
      makeLicenseKey(),
      'nonsense',
      licenseKey.slice(0, -1) + (last === '2' ? '3' : '2'),
      licenseKey.slice(0, -1),
      licenseId,
      `${licenseKey}' or true --`,
      'ＰＦ１-00000-00000-00000-00000-00000',
    ]) {
      expect(await verifier()(key)).toEqual(OF_NONE)
    }
    for (const key of ['', 'x'.repeat(101)]) {
      expect(await rejection(verifier()(key))).toMatchObject({ code: status.INVALID_ARGUMENT })
    }
  })

  test('says EXPIRED as soon as the time of a licence is over, before the job has ended it, which then tells of it once', async () => {
    const verify = verifier()
    const { licenseId, licenseKey } = await bought({ durationDays: 30 })
    const valid = await verify(licenseKey)
    expect(valid.valid).toBe(true)
    const days = (valid.expiresAt!.getTime() - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThanOrEqual(30)

    await market.database.query(`update licenses set expires_at = now() + interval '4 seconds' where id = $1`, [
      licenseId,
    ])
    // The job leaves out what somebody else changes.
    await market.database.query('begin')
    await market.database.query('select from licenses where id = $1 for update', [licenseId])
    await until('the licence to expire', async () => !(await verify(licenseKey)).valid)
    expect(await verify(licenseKey)).toMatchObject({ valid: false, reason: Reason.EXPIRED, licenseId })
    expect((await market.licenses.getLicense({ licenseId }, buyer.as)).license!.isActive).toBe(false)
    expect(await stored(licenseId)).toEqual({ is_active: true, revision: 1 })
    await market.database.query('commit')

    await until('the job to end it', async () => !(await stored(licenseId))!['is_active'])
    expect(await stored(licenseId)).toEqual({ is_active: false, revision: 2 })
    const events = await readOutbox(market.database, licenseId)
    expect(events.map(({ name }) => name)).toEqual(['license.granted', 'license.revoked'])
    expect(events[1]!.payload).toMatchObject({ reason: 'EXPIRED', entitlement: { licenseId, revision: '2' } })
    expect(await verify(licenseKey)).toMatchObject({ valid: false, reason: Reason.EXPIRED })
  })

  test('refuses an address after 20 keys of no licence in a minute, even a true key; others are not slowed down', async () => {
    const { licenseId, licenseKey } = await bought()
    const thief = verifierAt('198.51.100.66')
    for (let count = 0; count < MAX_MISSES; count++) {
      // What is found does not count.
      expect(await thief(licenseKey)).toMatchObject({ valid: true })
      expect(await thief(count % 2 ? makeLicenseKey() : 'nonsense')).toEqual(OF_NONE)
    }
    for (const key of [licenseKey, makeLicenseKey(), 'nonsense']) {
      const error = await rejection(thief(key))
      expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'RATE_LIMITED' })
      expect(error.retryAfterMs).toBeGreaterThan(0)
      expect(error.retryAfterMs).toBeLessThanOrEqual(60_000)
      expect(JSON.stringify(error)).not.toContain(key)
    }
    expect(await verifierAt('198.51.100.67')(licenseKey)).toMatchObject({ valid: true, licenseId })
  })
})

test('nothing of a key or of who has it is in logs, errors and events, whatever fails', async () => {
  const { licenseId, licenseKey: first } = await bought()
  const { licenseKey: second } = await market.licenses.rotateLicenseKey({ licenseId }, buyer.as)
  const { document } = await market.licenses.getLicense({ licenseId }, buyer.as)
  const [verify, keys] = [verifier(), [first, second, makeLicenseKey()]]
  for (const key of keys) await verify(key)
  // Faults of ours: the database refuses the row, and says with what is in it why; and there is no such table.
  await market.database.query('alter table licenses add constraint broken check (revision < 3) not valid')
  const errors = [await rejection(market.licenses.rotateLicenseKey({ licenseId }, buyer.as))]
  await market.database.query('alter table licenses drop constraint broken')
  await market.database.query('alter table licenses rename to away')
  errors.push(await rejection(verify(second)), await rejection(market.licenses.getLicense({ licenseId }, buyer.as)))
  await market.database.query('alter table away rename to licenses')
  for (const error of errors) expect(error).toMatchObject({ code: status.INTERNAL })

  const said = JSON.stringify([captured.records, errors, await readOutbox(market.database)])
  expect(captured.records.some(({ level }) => level === 'error')).toBe(true)
  for (const key of keys) {
    // Its hint may be shown; what follows that may not, with or without hyphens.
    for (const secret of [key.slice(10), key.slice(10).replaceAll('-', '')]) expect(said).not.toContain(secret)
  }
  expect(said).not.toContain(document.split('.')[1])
  expect(JSON.stringify([captured.records, errors])).not.toContain(buyer.userId)
})
