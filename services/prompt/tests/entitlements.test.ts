import { jetstream } from '@nats-io/jetstream'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { v7 } from 'uuid'
import type { Received } from '#chassis/events/envelope.ts'
import { rejection } from '#chassis/testing/rejection.ts'
import { until } from '#chassis/testing/until.ts'
import { readTraceparent } from '#chassis/trace.ts'
import { EVENTS, type StreamName } from '#contracts/events.ts'
import { type Entitlement, License_Type } from '#contracts/gen/promptforge/marketplace/v1/license.ts'
import { LicenseGranted } from '#contracts/gen/promptforge/marketplace/v1/marketplace_events.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { ListRatingsRequest } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { UserErased } from '#contracts/gen/promptforge/user/v1/user_events.ts'
import { startTestBroker, type TestBroker } from '../../dev-env/infra/test-broker.ts'
import { subscriptions } from '../events/index.ts'
import { entitlementOf, type Person, type PromptTest, startPromptService } from './harness.ts'

let broker: TestBroker
let service: PromptTest
let seller: Person

beforeAll(async () => {
  broker = await startTestBroker()
  service = await startPromptService({ env: { PF_NATS_URL: broker.url } })
  seller = await service.person('seller')
})
afterAll(async () => {
  await service.stop()
  await broker.stop()
})

const secretPrompt = async () => (await service.create(seller, { content: 'secret', isPublic: false })).id

/** A buyer, a private prompt, and a licence that is not known yet. */
async function sale(fields: Partial<Entitlement> = {}) {
  const [buyer, promptId] = [await service.person('buyer'), await secretPrompt()]
  return { buyer, promptId, licence: entitlementOf(promptId, buyer.userId, fields) }
}

/** The licence at one of its revisions: it is granted by the odd ones, and revoked by the even ones. */
const at = (licence: Entitlement, revision: number): Entitlement => ({
  ...licence,
  revision: BigInt(revision),
  active: revision % 2 === 1,
})

// Both messages have what is read here, under the same numbers.
const message = (entitlement: Entitlement) =>
  LicenseGranted.fromPartial({
    metadata: { aggregateId: entitlement.licenseId, aggregateRevision: entitlement.revision },
    actor: { userId: entitlement.userId },
    entitlement,
  })
const eventOf = ({ active }: Entitlement) => (active ? EVENTS.licenseGranted : EVENTS.licenseRevoked)

/** An event as the consumer hands it over. */
const received = (event: { name: string }, payload: unknown): Received => ({
  event: event as Received['event'],
  id: v7(),
  payload,
  requestId: undefined,
  trace: readTraceparent(''),
})

const handle = (name: StreamName, event: Received) =>
  subscriptions(service.service.context)
    .find(({ stream }) => stream === name)!
    .handle([event])
const deliver = (entitlement: Entitlement) =>
  handle('PF_MARKETPLACE', received(eventOf(entitlement), message(entitlement)))
const apply = (entitlement: Entitlement) => service.marketplace.applyEntitlement({ entitlement })
const erase = ({ userId }: Person) =>
  handle(
    'PF_USER',
    received(
      EVENTS.userErased,
      UserErased.fromPartial({ metadata: { aggregateId: userId, aggregateRevision: 1_000_000n } }),
    ),
  )

const stored = (promptId: string) =>
  service.database.query('select license_id, active, revision from entitlements where prompt_id = $1', [promptId])
const access = (promptId: string, reader: Person) => service.internal.checkAccess({ promptId }, reader.as)
const isReadable = (promptId: string, reader: Person) =>
  access(promptId, reader).then(
    () => true,
    ({ code }) => {
      expect(code).toBe(status.NOT_FOUND)
      return false
    },
  )

const numbers = (length: number) => Array.from({ length }, (_, index) => index)
const ORDERS: [string, (n: number) => number][] = [
  ['in their order', (n) => n],
  ['the last one first', (n) => 8 - n],
  ['every second', (n) => (2 * n) % 9],
]

describe('what a licence unlocks', () => {
  test('is readable as soon as it is granted, and NOT_FOUND as soon as it is revoked, by call', async () => {
    const { buyer, promptId, licence } = await sale({ maxVersion: 1 })
    expect(await isReadable(promptId, buyer)).toBe(false)
    expect(await apply(licence)).toEqual({})
    expect((await access(promptId, buyer)).access!.readableVersions).toEqual([{ from: 1, to: 1 }])
    const { prompt } = await service.prompts.getPrompt({ promptId }, buyer.as)
    expect(prompt!.content).toBe('secret')
    await apply(at(licence, 2))
    expect(await isReadable(promptId, buyer)).toBe(false)
    const gone = rejection(service.prompts.getPrompt({ promptId }, buyer.as))
    expect(await gone).toMatchObject({ code: status.NOT_FOUND })
  })

  test('is the same from the stream', async () => {
    const { buyer, promptId, licence } = await sale()
    const publish = (entitlement: Entitlement) =>
      jetstream(broker.connection).publish(
        eventOf(entitlement).subject,
        LicenseGranted.encode(message(entitlement)).finish(),
        { msgID: v7() },
      )
    await publish(licence)
    await until('the licence', () => isReadable(promptId, buyer))
    await publish(at(licence, 2))
    await until('its end', async () => !(await isReadable(promptId, buyer)))
    expect(await stored(promptId)).toEqual([{ license_id: licence.licenseId, active: false, revision: 2 }])
  })

  test('is nobody else’s, and of no other prompt', async () => {
    const [one, other] = [await sale(), await sale()]
    await apply(one.licence)
    await apply(at(other.licence, 2))
    expect(await isReadable(one.promptId, one.buyer)).toBe(true)
    expect(await isReadable(one.promptId, other.buyer)).toBe(false)
    expect(await isReadable(other.promptId, one.buyer)).toBe(false)
  })

  test('ends at its time without anything being written', async () => {
    const { buyer, promptId, licence } = await sale({ expiresAt: new Date(Date.now() + 3_600_000) })
    await apply(licence)
    expect(await isReadable(promptId, buyer)).toBe(true)
    // An hour passes.
    await service.database.query(
      `update entitlements set expires_at = now() + interval '1 second' where prompt_id = $1`,
      [promptId],
    )
    await until('its end', async () => !(await isReadable(promptId, buyer)))
    expect(await stored(promptId)).toEqual([{ license_id: licence.licenseId, active: true, revision: 1 }])
  })

  test('is what the newest revision says in every member', async () => {
    const { buyer, promptId, licence } = await sale({ maxVersion: 1, expiresAt: new Date(Date.now() - 1000) })
    await apply(licence)
    await service.set(promptId, { version: 5 })
    await deliver({ ...licence, revision: 2n, minVersion: 3, maxVersion: undefined, expiresAt: undefined })
    expect((await access(promptId, buyer)).access!.readableVersions).toEqual([{ from: 3, to: 5 }])
    const personal = service.prompts.forkPrompt({ promptId }, buyer.as)
    expect(await rejection(personal)).toMatchObject({ reason: 'FORK_NOT_ALLOWED' })
    await deliver({
      ...licence,
      revision: 3n,
      expiresAt: undefined,
      maxVersion: 5,
      licenseType: License_Type.COMMERCIAL,
    })
    const { prompt } = await service.prompts.forkPrompt({ promptId }, buyer.as)
    expect(prompt).toMatchObject({ content: 'secret', isPublic: false })
  })
})

describe('the highest revision of a licence counts', () => {
  test('when a grant comes after what revoked it, by event or by call', async () => {
    const { buyer, promptId, licence } = await sale()
    await deliver(at(licence, 2))
    await deliver(licence)
    await apply(licence)
    expect(await stored(promptId)).toEqual([{ license_id: licence.licenseId, active: false, revision: 2 }])
    expect(await isReadable(promptId, buyer)).toBe(false)
  })

  test.each(ORDERS)('of nine events, each twice and with the call between: %s', async (_, nth) => {
    const { buyer, promptId, licence } = await sale()
    for (const n of numbers(9)) {
      const entitlement = at(licence, nth(n) + 1)
      await deliver(entitlement)
      await apply(entitlement)
      await deliver(entitlement)
    }
    const last = [{ license_id: licence.licenseId, active: true, revision: 9 }]
    expect(await stored(promptId)).toEqual(last)
    for (const n of numbers(9)) await deliver(at(licence, nth(n) + 1))
    expect(await stored(promptId)).toEqual(last)
    expect(await isReadable(promptId, buyer)).toBe(true)
  })

  test('of forty that come at once', async () => {
    const { buyer, promptId, licence } = await sale()
    await Promise.all(numbers(40).map((n) => (n % 3 ? apply : deliver)(at(licence, ((n * 7) % 40) + 1))))
    expect(await stored(promptId)).toEqual([{ license_id: licence.licenseId, active: false, revision: 40 }])
    expect(await isReadable(promptId, buyer)).toBe(false)
  })
})

describe('ApplyEntitlement', () => {
  test('is for the marketplace only', async () => {
    const { promptId, licence } = await sale()
    for (const peer of ['version', 'test', 'user', 'gateway', 'client']) {
      const call = service
        .stub(PromptInternalServiceService, peer)
        .applyEntitlement({ entitlement: licence }, seller.as)
      expect(await rejection(call)).toMatchObject({ code: status.PERMISSION_DENIED })
    }
    expect(await stored(promptId)).toEqual([])
  })

  test.each<[string, Partial<Entitlement> | undefined, string[]]>([
    ['nothing', undefined, ['entitlement']],
    [
      'all that is wrong',
      { licenseId: 'x', promptId: '', userId: 'A', licenseType: 0, minVersion: 0, revision: 0n },
      ['license_id', 'prompt_id', 'user_id', 'license_type', 'min_version', 'revision'].map(
        (name) => `entitlement.${name}`,
      ),
    ],
    ['an unknown type', { licenseType: 7 as License_Type }, ['entitlement.license_type']],
    ['a last version before the first', { minVersion: 3, maxVersion: 2 }, ['entitlement.max_version']],
    ['a last version of 0', { maxVersion: 0 }, ['entitlement.max_version']],
  ])('refuses %s, and stores nothing', async (_, fields, named) => {
    const { promptId, licence } = await sale()
    const entitlement = fields && { ...licence, ...fields }
    const error = await rejection(service.marketplace.applyEntitlement({ entitlement }))
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: named.map((field) => ({ field })) })
    expect(await stored(promptId)).toEqual([])
  })

  test('takes over a licence for a prompt that is deleted, whose versions stay readable', async () => {
    const { buyer, promptId, licence } = await sale({ maxVersion: 1 })
    await service.prompts.deletePrompt({ promptId }, seller.as)
    await apply(licence)
    expect((await access(promptId, buyer)).access!.readableVersions).toEqual([{ from: 1, to: 1 }])
    const shown = rejection(service.prompts.getPrompt({ promptId }, buyer.as))
    expect(await shown).toMatchObject({ code: status.NOT_FOUND })
  })
})

describe('a rating that was there before its writer had a licence', () => {
  const rated = async () => {
    const { id: promptId } = await service.create(seller)
    const [buyer, other] = [await service.person('buyer'), await service.person('other')]
    for (const person of [buyer, other]) await service.social.ratePrompt({ promptId, rating: 4, review: '' }, person.as)
    return { promptId, buyer, licence: entitlementOf(promptId, buyer.userId) }
  }
  const verified = async (promptId: string) => {
    const { ratings } = await service.social.listRatings(ListRatingsRequest.fromPartial({ promptId }))
    return ratings
      .filter(({ verifiedPurchase }) => verifiedPurchase)
      .map(({ userId, updatedAt }) => ({ userId, updatedAt }))
  }

  test('is that of a buyer from then on, and no other rating is', async () => {
    const { promptId, buyer, licence } = await rated()
    expect(await verified(promptId)).toEqual([])
    await apply(licence)
    expect(await verified(promptId)).toEqual([{ userId: buyer.userId, updatedAt: undefined }])
    await deliver(at(licence, 2))
    expect(await verified(promptId)).toHaveLength(1)
  })

  test('is so also when it is only heard that the licence was revoked', async () => {
    const { promptId, buyer, licence } = await rated()
    await deliver(at(licence, 2))
    expect(await verified(promptId)).toEqual([{ userId: buyer.userId, updatedAt: undefined }])
  })

  test('is so after the next event when it was written in the moment of the grant', async () => {
    const { promptId, licence } = await rated()
    await apply(licence)
    // What is left when both do not see each other.
    await service.database.query('update prompt_ratings set verified_purchase = false where prompt_id = $1', [promptId])
    await deliver(licence)
    expect(await verified(promptId)).toHaveLength(1)
  })
})

describe('when a user is erased', () => {
  test('what they bought is forgotten, and does not come back by an event that comes late', async () => {
    const { buyer, promptId, licence } = await sale()
    const { licence: of, promptId: others } = await sale()
    await Promise.all([apply(licence), apply(of)])
    await erase(buyer)
    expect(await stored(promptId)).toEqual([])
    await deliver(at(licence, 3))
    await apply(at(licence, 4))
    expect([await stored(promptId), await isReadable(promptId, buyer)]).toEqual([[], false])
    expect(await stored(others)).toHaveLength(1)
  })

  test('a rating of theirs stays that of a buyer', async () => {
    const { buyer, promptId, licence } = await sale()
    await apply(licence)
    await service.social.ratePrompt({ promptId, rating: 4, review: '' }, buyer.as)
    await erase(buyer)
    const { ratings } = await service.social.listRatings(ListRatingsRequest.fromPartial({ promptId }), seller.as)
    expect(ratings).toMatchObject([{ username: 'deleted user', verifiedPurchase: true }])
  })

  test('who bought from them keeps what they bought', async () => {
    const gone = await service.person('gone')
    const { id: promptId } = await service.create(gone, { content: 'sold', isPublic: false })
    const buyer = await service.person('buyer')
    await service.entitle(promptId, buyer.userId, { maxVersion: 1 })
    await erase(gone)
    const { prompt } = await service.prompts.getPrompt({ promptId }, buyer.as)
    expect(prompt).toMatchObject({ content: 'sold', username: 'deleted user' })
    expect((await access(promptId, buyer)).access!.readableVersions).toEqual([{ from: 1, to: 1 }])
  })
})
