import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type SignedIn, startTestNetwork, type TestNetwork } from './harness.ts'
import { buy, type Listed, offer } from './market.ts'

let network: TestNetwork
let seller: SignedIn
let buyer: SignedIn
let anyone: SignedIn
let listed: Listed
let license: { licenseId: string }
let key: string

beforeAll(async () => {
  network = await startTestNetwork()
  const people = Array.from({ length: 3 }, () => network.signUp())
  ;[seller, buyer, anyone] = (await Promise.all(people)) as [SignedIn, SignedIn, SignedIn]
  listed = await offer(network, seller)
  const { body } = await buy(network, buyer, listed.listingId)
  license = body.license
  key = body.licenseKey
})
afterAll(() => network.stop())

const ask = (who: SignedIn, request: string, body?: object) => network.rest(request, { token: who.token, body })

/** What anyone without an account is told of a key. */
const verify = async (licenseKey: string) =>
  (await network.rest('POST /v1/licenses:verify', { body: { licenseKey } })).body

const readStatus = async () => (await ask(buyer, `GET /v1/prompts/${listed.promptId}/versions/1`)).status

test('anybody verifies a licence by its key, however it is written, and learns nothing from a key that is none', async () => {
  const valid = { valid: true, licenseId: license.licenseId, promptId: listed.promptId, minVersion: 1, maxVersion: 1 }
  for (const written of [key, key.toLowerCase(), key.replaceAll('-', ''), ` ${key} `])
    expect(await verify(written)).toMatchObject(valid)
  const answers = await Promise.all(['PF1-AAAAA-AAAAA-AAAAA-AAAAA-AAAAA', 'nonsense'].map(verify))
  expect(answers[0]).toMatchObject({ valid: false, licenseId: '', promptId: '' })
  expect(answers[1]).toEqual(answers[0])
})

test('the buyer gets a document that is verified offline with public keys, and that is no access token', async () => {
  const { body } = await ask(buyer, `GET /v1/licenses/${license.licenseId}`)
  expect(body.licenseKey).toBe(key)
  const keys = await network.rest('GET /.well-known/license-keys.json')
  const { payload, protectedHeader } = await jwtVerify(body.document, createLocalJWKSet(keys.body), {
    audience: 'promptforge:license',
    typ: 'pf-license+jwt',
  })
  expect(protectedHeader.alg).toBe('EdDSA')
  expect(payload).toMatchObject({ sub: license.licenseId, prompt: listed.promptId, vmin: 1, vmax: 1 })
  expect(JSON.stringify(payload)).not.toContain(buyer.id)
  expect(await network.rest('GET /v1/licenses', { token: body.document })).toMatchObject({
    status: 401,
    body: { details: [{ reason: 'TOKEN_INVALID' }] },
  })
})

test('a licence is seen by buyer and seller, and only the seller revokes it, who says why', async () => {
  const path = `/v1/licenses/${license.licenseId}`
  expect((await ask(anyone, `GET ${path}`)).status).toBe(404)
  expect((await ask(seller, `GET ${path}`)).body).toMatchObject({ licenseKey: '', document: '' })
  for (const who of [buyer, anyone])
    expect((await ask(who, `POST ${path}:revoke`, { reason: 'None of mine' })).status).toBe(404)
  expect(await ask(seller, `POST ${path}:revoke`, { reason: '' })).toMatchObject({
    status: 400,
    body: { details: [{ reason: 'VALIDATION_FAILED' }, expect.anything()] },
  })
  expect(await readStatus()).toBe(200)
})

test('a licence that is revoked unlocks nothing from the answer on, and its key says so', async () => {
  const path = `/v1/licenses/${license.licenseId}`
  const revoked = await ask(seller, `POST ${path}:revoke`, { reason: 'The terms were broken' })
  expect(revoked).toMatchObject({
    status: 200,
    body: { license: { isActive: false, revokeReason: 'The terms were broken' } },
  })
  expect(await readStatus()).toBe(404)
  expect(await verify(key)).toMatchObject({ valid: false, reason: 'REVOKED', licenseId: license.licenseId })
  expect((await ask(buyer, `GET ${path}`)).body.document).toBe('')
  await network.processAll()
  expect(await readStatus()).toBe(404)
})

test('who had a licence that was revoked may buy again', async () => {
  const again = await buy(network, buyer, listed.listingId)
  expect(again.body.transaction.status).toBe('COMPLETED')
  expect(await readStatus()).toBe(200)
})
