import { sign, verify, createPublicKey } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { newSigningKey, nextRotation, openSigningKey } from './signing-keys.ts'
import { createFieldCipher } from './field-cipher.ts'

const times = { rotationSeconds: 1000, cacheSeconds: 60, accessSeconds: 900 }
const at = (seconds: number) => new Date(seconds * 1000)
const current = { activeFrom: at(0), retiredAt: null }

test('the first key signs at once', () => {
  expect(nextRotation(undefined, at(5), times)).toMatchObject({ publishedAt: at(5), activeFrom: at(5) })
})

test('no key is due while the present one signs, or waits to', () => {
  expect(nextRotation(current, at(999), times)).toBeUndefined()
  expect(nextRotation({ activeFrom: at(120), retiredAt: null }, at(5), times)).toBeUndefined()
})

test('the next key is published for two cache lifetimes before it signs; the present one stays while its tokens live', () => {
  expect(nextRotation(current, at(1000), times)).toEqual({
    publishedAt: at(1000),
    activeFrom: at(1000 + 2 * 60),
    currentRetiresAt: at(1000 + 2 * 60 + 900 + 2 * 30),
  })
})

test('a key that an operator has retired is replaced at once', () => {
  const retired = { activeFrom: at(0), retiredAt: at(10) }
  expect(nextRotation(retired, at(11), times)).toEqual({
    publishedAt: at(11),
    activeFrom: at(11),
    currentRetiresAt: at(10),
  })
})

test('the public half is an RFC 7517 key without private members, and verifies what the private half signs', () => {
  const cipher = createFieldCipher('a secret of more than 32 characters')
  const { kid, publicJwk, privateKey } = newSigningKey(cipher)
  expect(publicJwk).toEqual({ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid, alg: 'EdDSA', use: 'sig' })
  const signature = sign(null, Buffer.from('data'), openSigningKey(cipher, kid, privateKey))
  const publicKey = createPublicKey({ key: publicJwk as never, format: 'jwk' })
  expect(verify(null, Buffer.from('data'), publicKey, signature)).toBe(true)
})

test('another secret gives a sentence for the operator', () => {
  const { kid, privateKey } = newSigningKey(createFieldCipher('a secret of more than 32 characters'))
  const other = createFieldCipher('another secret of more than 32 chars')
  expect(() => openSigningKey(other, kid, privateKey)).toThrow('another PF_SIGNING_KEY_SECRET')
})
