import { createHash, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { LICENSE_DOCUMENT_SECONDS, type LicenseFacts, signLicenseDocument } from './license-document.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const signer = { kid: '01900000-0000-7000-8000-00000000000a', privateKey }
const issuer = 'https://auth.promptforge.example'
const now = new Date('2026-11-28T10:00:00.700Z')
const seconds = Math.floor(now.getTime() / 1000)
const license: LicenseFacts = {
  id: '01900000-0000-7000-8000-00000000000b',
  promptId: '01900000-0000-7000-8000-00000000000c',
  licenseType: 'COMMERCIAL',
  minVersion: 3,
  maxVersion: 7,
  revision: 2,
  keyHash: createHash('sha256').update('PF1-00000-00000-00000-00000-00000').digest(),
  isActive: true,
  expiresAt: null,
}
const documentOf = (changes: Partial<LicenseFacts> = {}) =>
  signLicenseDocument(signer, issuer, { ...license, ...changes }, now)
const claimsOf = async (changes: Partial<LicenseFacts> = {}) => decodeJwt((await documentOf(changes))!)

describe('a licence document', () => {
  test('says which licence, prompt, versions and key it is about, and nothing else', async () => {
    const document = (await documentOf())!
    expect(decodeProtectedHeader(document)).toEqual({ alg: 'EdDSA', typ: 'pf-license+jwt', kid: signer.kid })
    expect(decodeJwt(document)).toEqual({
      iss: issuer,
      aud: 'promptforge:license',
      sub: license.id,
      prompt: license.promptId,
      type: 'COMMERCIAL',
      vmin: 3,
      vmax: 7,
      rev: 2,
      kh: license.keyHash.toString('hex').slice(0, 16),
      iat: seconds,
      exp: seconds + LICENSE_DOCUMENT_SECONDS,
    })
  })

  test('has no `vmax` when the licence includes all later versions', async () => {
    expect(await claimsOf({ maxVersion: null })).not.toHaveProperty('vmax')
  })

  test('is short enough for a header or a QR code', async () => {
    expect((await documentOf())!.length).toBeLessThan(600)
  })

  test('ends with the licence, and after 35 days at the latest', async () => {
    const after = (ms: number) => new Date(now.getTime() + ms)
    const days = (count: number) => count * 86_400_000
    expect(LICENSE_DOCUMENT_SECONDS).toBe(35 * 86_400)
    expect(await claimsOf({ expiresAt: after(days(34)) })).toMatchObject({ exp: seconds + 34 * 86_400 })
    expect(await claimsOf({ expiresAt: after(days(36)) })).toMatchObject({ exp: seconds + 35 * 86_400 })
    // Never later than the licence, not by a part of a second.
    expect(await claimsOf({ expiresAt: after(1200) })).toMatchObject({ exp: seconds + 1 })
  })

  test('is not made for a licence that is revoked or has expired', async () => {
    expect(await documentOf({ isActive: false })).toBeUndefined()
    expect(await documentOf({ expiresAt: now })).toBeUndefined()
    expect(await documentOf({ expiresAt: new Date(now.getTime() - 1) })).toBeUndefined()
  })
})
