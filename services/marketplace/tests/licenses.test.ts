import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Outgoing } from '#chassis/grpc/client.ts'
import { readOutbox } from '#chassis/testing/outbox.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import {
  ListLicensesRequest_Role as Role,
  VerifyLicenseResponse_Reason as Reason,
} from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { type Marketplace, type Person, startMarketplace } from './harness.ts'
import { verifyOffline } from './verify-offline.ts'

const KEY = /^PF1(-[0-9A-HJKMNP-TV-Z]{5}){5}$/

let market: Marketplace
let seller: Person
let buyer: Person
let stranger: Person
let admin: Person

beforeAll(async () => {
  market = await startMarketplace()
  seller = await market.person('ann')
  buyer = await market.person('bob')
  stranger = await market.person('eve')
  admin = await market.person('root', 'ADMIN')
})
afterAll(() => market.stop())

/** A licence that the buyer has just bought, of a prompt of the seller's. */
async function bought(by = buyer, from = seller, fields: Parameters<Marketplace['list']>[1] = {}) {
  const { listingId, promptId } = await market.list(from, fields)
  const { license, licenseKey } = await market.buy(by, listingId)
  return { promptId, licenseId: license!.licenseId, license: license!, licenseKey }
}
const get = (licenseId: string, { as }: Pick<Person, 'as'>) => market.licenses.getLicense({ licenseId }, as)
const verify = (licenseKey: string) => market.licenses.verifyLicense({ licenseKey })
const rotate = (licenseId: string, { as }: Pick<Person, 'as'>) => market.licenses.rotateLicenseKey({ licenseId }, as)
const revoke = (licenseId: string, { as }: Pick<Person, 'as'>, reason = 'You have shared it.') =>
  market.licenses.revokeLicense({ licenseId, reason }, as)
const expire = (licenseId: string) =>
  market.database.query(`update licenses set expires_at = now() - interval '1 second' where id = $1`, [licenseId])
const keySet = async () => (await market.licenses.getLicenseKeys({})).data.toString()
const NOT_FOUND = { code: status.NOT_FOUND, message: 'no such license' }
const NOT_ACTIVE = { code: status.FAILED_PRECONDITION, reason: 'LICENSE_NOT_ACTIVE' }

/** The token of an application of somebody's, with these scopes. */
const application = async ({ userId }: Person, scope: string, role?: 'ADMIN'): Promise<{ as: Outgoing }> => ({
  as: {
    token: await market.identity.tokenFor(
      { userId, username: 'app', ...(role && { role }) },
      { scope, client_id: v7() },
    ),
  },
})

describe('GetLicense', () => {
  test('gives its buyer the key and a document that is verified offline', async () => {
    const { licenseId, licenseKey, promptId, license } = await bought()
    const found = await get(licenseId, buyer)
    expect(found).toEqual({ license, licenseKey, document: expect.any(String) })
    expect(license.keyHint).toBe(licenseKey.slice(0, 9))
    const claims = await verifyOffline(found.document, await keySet())
    expect(claims).toMatchObject({ sub: licenseId, prompt: promptId, type: 'PERSONAL', vmin: 3, vmax: 3, rev: 1 })
    expect(JSON.stringify(claims)).not.toContain(buyer.userId)
  })

  test('gives its seller and administrators neither, and is NOT_FOUND for everybody else', async () => {
    const { licenseId, license } = await bought()
    for (const reader of [seller, admin]) {
      expect(await get(licenseId, reader)).toEqual({ license, licenseKey: '', document: '' })
    }
    for (const refused of [get(licenseId, stranger), get(v7(), buyer)]) {
      expect(await rejection(refused)).toMatchObject(NOT_FOUND)
    }
    market.identity.setAccount(admin.userId, 'USER')
    expect(await rejection(get(licenseId, admin))).toMatchObject(NOT_FOUND)
    market.identity.setAccount(admin.userId, 'ADMIN')
  })

  test('gives no document of a licence that was revoked or has expired', async () => {
    const [revoked, expired] = [await bought(), await bought()]
    await revoke(revoked.licenseId, seller)
    await expire(expired.licenseId)
    for (const { licenseId, licenseKey } of [revoked, expired]) {
      expect(await get(licenseId, buyer)).toMatchObject({ document: '', licenseKey, license: { isActive: false } })
    }
  })
})

describe('ListLicenses', () => {
  test('lists what the caller bought, or sold, newest first, without keys', async () => {
    const [ann, bob] = [await market.person('ann2'), await market.person('bob2')]
    const made = []
    for (let count = 0; count < 3; count++) made.push(await bought(bob, ann))
    const newest = made.map(({ license }) => license).toReversed()
    const list = (who: Person, fields: object = {}) =>
      market.licenses.listLicenses({ pageSize: 0, pageToken: '', role: Role.UNSPECIFIED, ...fields }, who.as)
    expect(await list(bob)).toEqual({ licenses: newest, nextPageToken: '' })
    expect((await list(ann, { role: Role.SELLER })).licenses).toEqual(newest)
    expect((await list(ann)).licenses).toEqual([])
    expect((await list(bob, { role: Role.SELLER })).licenses).toEqual([])
    expect((await list(stranger)).licenses).toEqual([])
    expect((await list(bob, { promptId: made[1]!.promptId })).licenses).toEqual([made[1]!.license])

    const first = await list(bob, { pageSize: 2 })
    expect(first.licenses).toEqual(newest.slice(0, 2))
    const pageToken = first.nextPageToken
    expect(await list(bob, { pageToken, role: Role.BUYER })).toEqual({ licenses: newest.slice(2), nextPageToken: '' })
    for (const others of [{ role: Role.SELLER }, { promptId: made[0]!.promptId }]) {
      expect(await rejection(list(bob, { pageToken, ...others }))).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
    }
    expect(await rejection(list(ann, { pageToken }))).toMatchObject({ reason: 'PAGE_TOKEN_INVALID' })
  })
})

describe('RotateLicenseKey', () => {
  test('gives the buyer another key, and the former one is of no licence, without a reason', async () => {
    const { licenseId, licenseKey: former } = await bought()
    const { document } = await get(licenseId, buyer)
    const { license, licenseKey } = await rotate(licenseId, buyer)
    expect(licenseKey).toMatch(KEY)
    expect(licenseKey).not.toBe(former)
    expect(license).toMatchObject({ licenseId, isActive: true, revision: 2n, keyHint: licenseKey.slice(0, 9) })
    expect(await verify(licenseKey)).toMatchObject({ valid: true, licenseId })
    const nobodys = await verify('PF1-00000-00000-00000-00000-00000')
    expect(await verify(former)).toEqual(nobodys)
    expect(nobodys).toMatchObject({ valid: false, reason: Reason.UNSPECIFIED, licenseId: '', promptId: '' })
    expect(await get(licenseId, buyer)).toMatchObject({ licenseKey })
    const keys = await keySet()
    const before = await verifyOffline(document, keys)
    const now = await verifyOffline((await get(licenseId, buyer)).document, keys)
    expect(before).toMatchObject({ rev: 1 })
    expect(now).toMatchObject({ rev: 2 })
    expect(before['kh']).not.toBe(now['kh'])
  })

  test('of a licence of somebody else is NOT_FOUND, for its seller and administrators too', async () => {
    const { licenseId, licenseKey } = await bought()
    for (const who of [seller, admin, stranger])
      expect(await rejection(rotate(licenseId, who))).toMatchObject(NOT_FOUND)
    expect(await verify(licenseKey)).toMatchObject({ valid: true })
  })

  test('of a licence that is not active is refused', async () => {
    const [revoked, expired] = [await bought(), await bought()]
    await revoke(revoked.licenseId, seller)
    await expire(expired.licenseId)
    for (const { licenseId, licenseKey } of [revoked, expired]) {
      expect(await rejection(rotate(licenseId, buyer))).toMatchObject(NOT_ACTIVE)
      expect(await get(licenseId, buyer)).toMatchObject({ licenseKey })
    }
  })

  test('many times at once leaves one key, and it is the one that GetLicense gives', async () => {
    const { licenseId, licenseKey: first } = await bought()
    const answers = await Promise.all(Array.from({ length: 8 }, () => rotate(licenseId, buyer)))
    const { licenseKey, license } = await get(licenseId, buyer)
    expect(license!.revision).toBe(9n)
    for (const key of new Set([first, ...answers.map((one) => one.licenseKey)])) {
      expect((await verify(key)).valid).toBe(key === licenseKey)
    }
  })
})

describe('RevokeLicense', () => {
  test.each([
    ['its seller', () => seller],
    ['an administrator', () => admin],
  ])('by %s ends it at once: the key, the prompt service, and an event say so', async (_who, by) => {
    const { licenseId, licenseKey, promptId } = await bought()
    const told = market.entitlements.length
    const { license } = await revoke(licenseId, by())
    expect(license).toMatchObject({ isActive: false, revokeReason: 'You have shared it.', revision: 2n })
    expect(license!.revokedAt).toEqual(expect.any(Date))
    expect(await verify(licenseKey)).toMatchObject({ valid: false, reason: Reason.REVOKED, licenseId, promptId })
    expect(market.entitlements.slice(told)).toMatchObject([{ licenseId, active: false, revision: 2n }])
    const [revoked] = (await readOutbox(market.database, licenseId)).filter(({ name }) => name === 'license.revoked')
    expect(revoked!.payload).toMatchObject({
      metadata: { aggregateRevision: '2' },
      actor: { userId: buyer.userId },
      reason: 'REVOKED',
    })

    // Once more, whoever asks: nothing changes.
    for (const again of [seller, admin]) {
      expect((await revoke(licenseId, again, 'Another reason.')).license).toEqual(license)
    }
    expect(await readOutbox(market.database, licenseId)).toHaveLength(2)
    expect(market.entitlements).toHaveLength(told + 1)
  })

  test('by its buyer or a stranger is NOT_FOUND, and without a reason it is refused', async () => {
    const { licenseId, licenseKey } = await bought()
    for (const refused of [revoke(licenseId, buyer), revoke(licenseId, stranger), revoke(v7(), seller)]) {
      expect(await rejection(refused)).toMatchObject(NOT_FOUND)
    }
    expect(await rejection(revoke(licenseId, seller, ''))).toMatchObject({ code: status.INVALID_ARGUMENT })
    expect(await verify(licenseKey)).toMatchObject({ valid: true })
  })

  test('of a licence that has expired is refused', async () => {
    const { licenseId } = await bought()
    await expire(licenseId)
    expect(await rejection(revoke(licenseId, seller))).toMatchObject(NOT_ACTIVE)
  })

  test('holds although the prompt service does not answer: its event tells it', async () => {
    const { licenseId, licenseKey } = await bought()
    const { access } = market.service.context.remote
    const { applyEntitlement } = access
    const fails = () => Promise.reject(new Error('not there'))
    Object.assign(access, { applyEntitlement: fails })
    try {
      await market.silenced(() => revoke(licenseId, seller))
    } finally {
      Object.assign(access, { applyEntitlement })
    }
    expect(await verify(licenseKey)).toMatchObject({ valid: false, reason: Reason.REVOKED })
    expect(await readOutbox(market.database, licenseId)).toHaveLength(2)
  })
})

test('an application needs the scope MARKET, and revokes nothing', async () => {
  const { licenseId, licenseKey } = await bought()
  const app = await application(buyer, 'market')
  expect(await get(licenseId, app)).toMatchObject({ licenseKey })
  expect((await rotate(licenseId, app)).licenseKey).toMatch(KEY)
  const other = await application(buyer, 'prompts:read')
  const list = market.licenses.listLicenses({ pageSize: 0, pageToken: '', role: Role.BUYER }, other.as)
  for (const refused of [get(licenseId, other), rotate(licenseId, other), list]) {
    expect(await rejection(refused)).toMatchObject({ reason: 'SCOPE_MISSING', metadata: { scope: 'MARKET' } })
  }
  const shop = await application(seller, 'market')
  expect(await rejection(revoke(licenseId, shop))).toMatchObject({ code: status.PERMISSION_DENIED })
})

test('without signing in only keys are verified, and the public key set is read', async () => {
  const { licenseId } = await bought()
  const nobody = { as: {} }
  for (const refused of [get(licenseId, nobody), rotate(licenseId, nobody), revoke(licenseId, nobody)]) {
    expect(await rejection(refused)).toMatchObject({ reason: 'TOKEN_MISSING' })
  }
  const { keys } = JSON.parse(await keySet()) as { keys: object[] }
  expect(keys.length).toBeGreaterThan(0)
  for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
})
