import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, type JSONWebKeySet, SignJWT } from 'jose'
import { type Database, openDatabase, type Schema } from '#chassis/db/orm.ts'
import { createTokenVerifier } from '#chassis/grpc/tokens.ts'
import { createLogger } from '#chassis/logger.ts'
import type { KeyRing } from '#chassis/signing/key-ring.ts'
import { type TestDatabase, testDatabase } from '#chassis/testing/database.ts'
import { TEST_AUTH, testIdentity } from '#chassis/testing/identity.ts'
import { LicenseSigningKey } from '../db/license-signing-key.entity.ts'
import { LicenseSigningKeys } from '../db/migrations/20261128020000-license-signing-keys.ts'
import {
  LICENSE_AUDIENCE,
  LICENSE_DOCUMENT_SECONDS,
  type LicenseFacts,
  signLicenseDocument,
} from '../license-document.ts'
import { createLicenseKeys } from '../license-keys.ts'
import { EXAMPLE, verifyOffline as verify } from './verify-offline.ts'

const schema: Schema = {
  entities: [LicenseSigningKey],
  tables: [],
  migrations: [{ name: 'license-signing-keys', class: LicenseSigningKeys }],
}
const settings = { secret: 'a secret for licence keys in tests', rotationSeconds: 90 * 86_400, cacheSeconds: 0 }
const { issuer } = TEST_AUTH

let store: TestDatabase
let database: Database
let keys: KeyRing

beforeAll(async () => {
  store = await testDatabase(schema)
  database = await openDatabase(schema, { url: store.url, poolSize: 4 }, createLogger('test', 'silent'))
})
// Each test begins with keys of its own.
beforeEach(async () => {
  await store.query('delete from license_signing_keys')
  keys = createLicenseKeys(database, settings)
})
afterAll(async () => {
  await database.close()
  await store.drop()
})

const license: LicenseFacts = {
  id: randomUUID(),
  promptId: randomUUID(),
  licenseType: 'PERSONAL',
  minVersion: 1,
  maxVersion: 4,
  revision: 1,
  keyHash: createHash('sha256').update('a licence key').digest(),
  isActive: true,
  expiresAt: null,
}
const DAY_MS = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS)
const sign = async (now = new Date()) => (await signLicenseDocument(await keys.signer(), issuer, license, now))!
const keySet = async () => JSON.parse((await keys.keySet()).json.toString()) as JSONWebKeySet
const kids = async () => (await keySet()).keys.map(({ kid }) => kid)
const kidOf = (document: string) => decodeProtectedHeader(document).kid!

/** By jose and the public key set alone. */
const verifyOffline = async (document: string) => verify(document, JSON.stringify(await keySet()))

/** Signs other claims, or under another header, with the key that signs licence documents. */
async function signWithLicenseKey(claims: Record<string, unknown>, header: { typ?: string } = {}) {
  const { kid, privateKey } = await keys.signer()
  return new SignJWT({ iss: issuer, sub: license.id, ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid, ...header })
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(privateKey)
}

describe('a licence document, offline', () => {
  test('is verified by what the README shows', () => {
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')
    expect(readme).toContain(`\`\`\`js\n${readFileSync(EXAMPLE, 'utf8')}\`\`\`\n`)
  })

  test('is verified by jose and the public key set alone', async () => {
    const document = await sign()
    expect(JSON.stringify(await keySet())).not.toContain('"d"')
    expect(await verifyOffline(document)).toEqual(decodeJwt(document))
  })

  test('that was changed is refused', async () => {
    const [header, claims, signature] = (await sign()).split('.') as [string, string, string]
    const stretched = { ...decodeJwt(`${header}.${claims}.${signature}`), vmax: 99 }
    const changed = Buffer.from(JSON.stringify(stretched)).toString('base64url')
    await expect(verifyOffline(`${header}.${changed}.${signature}`)).rejects.toThrow('ERR_JWS_SIGNATURE_VERIFICATION')
    const unsigned = Buffer.from('{"alg":"none","typ":"pf-license+jwt"}').toString('base64url')
    await expect(verifyOffline(`${unsigned}.${claims}.`)).rejects.toThrow('ERR_JOSE_ALG_NOT_ALLOWED')
  })

  test('that has expired is refused', async () => {
    expect(await verifyOffline(await sign(daysAgo(34)))).toMatchObject({ sub: license.id })
    await expect(verifyOffline(await sign(daysAgo(35.1)))).rejects.toThrow('ERR_JWT_EXPIRED')
  })

  test('is refused with another audience, another type, or none', async () => {
    const typ = 'pf-license+jwt'
    expect(await verifyOffline(await signWithLicenseKey({ aud: LICENSE_AUDIENCE }, { typ }))).toBeDefined()
    for (const [claims, header] of [
      [{ aud: 'promptforge' }, { typ }],
      [{}, { typ }],
      [{ aud: LICENSE_AUDIENCE }, { typ: 'JWT' }],
      [{ aud: LICENSE_AUDIENCE }, {}],
    ] as const) {
      const refused = verifyOffline(await signWithLicenseKey(claims, header))
      await expect(refused).rejects.toThrow('ERR_JWT_CLAIM_VALIDATION_FAILED')
    }
  })

  test('of a key that is not in the set is refused', async () => {
    const document = await sign()
    await store.query('delete from license_signing_keys')
    keys = createLicenseKeys(database, settings)
    await expect(verifyOffline(document)).rejects.toThrow('ERR_JWKS_NO_MATCHING_KEY')
  })
})

describe('licence documents and access tokens', () => {
  const accessClaims = { jti: randomUUID(), username: 'ann', role: 'ADMIN' }

  test('a licence document is no access token: not by the keys, not by the audience, not by what it says', async () => {
    const document = await sign()
    const { audience } = TEST_AUTH
    const refused = { reason: 'TOKEN_INVALID' }
    const { keys: tokenKeys, tokenFor } = await testIdentity()
    await expect(createTokenVerifier({ issuer, audience, keys: tokenKeys })(document)).rejects.toMatchObject(refused)
    // Even if somebody configured a service with the licences' keys, and with their audience.
    for (const wrong of [audience, LICENSE_AUDIENCE]) {
      const verify = createTokenVerifier({ issuer, audience: wrong, keys: keys.verification })
      await expect(verify(document)).rejects.toMatchObject(refused)
    }
    // These verifiers accept what they should.
    const token = await tokenFor({ userId: 'u-1', username: 'ann' })
    expect(await createTokenVerifier({ issuer, audience, keys: tokenKeys })(token)).toMatchObject({ userId: 'u-1' })
    const forged = await signWithLicenseKey({ ...accessClaims, aud: LICENSE_AUDIENCE })
    const lax = createTokenVerifier({ issuer, audience: LICENSE_AUDIENCE, keys: keys.verification })
    expect(await lax(forged)).toMatchObject({ username: 'ann' })
  })

  test('an access token is no licence document: not by the keys, not by the type', async () => {
    const { tokenFor } = await testIdentity()
    const token = await tokenFor({ userId: license.id, username: 'ann' }, { aud: LICENSE_AUDIENCE })
    await keys.signer()
    await expect(verifyOffline(token)).rejects.toThrow('ERR_JWKS_NO_MATCHING_KEY')
    const sameKey = await signWithLicenseKey({ ...accessClaims, aud: LICENSE_AUDIENCE })
    await expect(verifyOffline(sameKey)).rejects.toThrow('ERR_JWT_CLAIM_VALIDATION_FAILED')
  })
})

describe('a key of licence documents', () => {
  test('stays public until the last document that it signed has expired', async () => {
    const before = await sign()
    const next = (await kids()).find((kid) => kid !== kidOf(before))!
    await store.query(`update license_signing_keys set active_from = active_from - interval '2160 hours'`)
    expect(kidOf(await sign())).toBe(next)
    expect(await keys.rotate()).toHaveLength(1)
    expect(await kids()).toHaveLength(3)
    expect(await verifyOffline(before)).toMatchObject({ sub: license.id })
    const [old] = await store.query<{ seconds: number }>(
      `select extract(epoch from k.retired_at - n.active_from)::float8 as seconds
      from license_signing_keys k, license_signing_keys n where k.kid = $1 and n.kid = $2`,
      [kidOf(before), next],
    )
    expect(old!.seconds).toBe(LICENSE_DOCUMENT_SECONDS + 60)

    await store.query('update license_signing_keys set retired_at = now() where kid = $1', [kidOf(before)])
    expect(await kids()).not.toContain(kidOf(before))
    await expect(verifyOffline(before)).rejects.toThrow('ERR_JWKS_NO_MATCHING_KEY')
  })

  test('that leaked is retired at once: the next one, public already, signs, and a third is made', async () => {
    const leaked = await sign()
    const known = await kids()
    await store.query('update license_signing_keys set retired_at = now() where kid = $1', [kidOf(leaked)])
    const fresh = await sign()
    expect(known).toContain(kidOf(fresh))
    expect(kidOf(fresh)).not.toBe(kidOf(leaked))
    expect(await keys.rotate()).toHaveLength(1)
    expect(await verifyOffline(fresh)).toMatchObject({ sub: license.id })
    await expect(verifyOffline(leaked)).rejects.toThrow('ERR_JWKS_NO_MATCHING_KEY')
  })

  test('cannot be read in the database, and is of no use with another secret', async () => {
    await keys.signer()
    const [row] = await store.query<{ public_jwk: { x: string }; private_key: Buffer }>(
      'select public_jwk, private_key from license_signing_keys',
    )
    expect(Object.keys(row!.public_jwk).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    // A private key in DER would have its algorithm in front: OID 1.3.101.112.
    expect(row!.private_key.includes(Buffer.from([0x06, 0x03, 0x2b, 0x65, 0x70]))).toBe(false)
    const other = createLicenseKeys(database, { ...settings, secret: 'another secret for licence keys' })
    await expect(other.signer()).rejects.toThrow('another PF_LICENSE_SIGNING_KEY_SECRET')
  })
})
