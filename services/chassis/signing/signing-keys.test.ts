import { sign, verify, createPublicKey } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { newSigningKey, openSigningKey, planKeys, signingAt } from './signing-keys.ts'
import { createFieldCipher } from '../field-cipher.ts'

const times = { rotationSeconds: 1000, cacheSeconds: 60, validSeconds: 900 }
const at = (seconds: number) => new Date(seconds * 1000)
const key = (kid: string, activeFrom: number, retiredAt?: number) => ({
  kid,
  activeFrom: at(activeFrom),
  retiredAt: retiredAt === undefined ? null : at(retiredAt),
})
const nothing = { make: [], retire: [], promote: undefined }

test('the first key signs at once, and the next one is made with it', () => {
  expect(planKeys([], at(5), times)).toEqual({ ...nothing, make: [at(5), at(1005)] })
})

test('nothing is due while one key signs and the next one waits', () => {
  expect(planKeys([key('one', 0), key('two', 1000)], at(999), times)).toEqual(nothing)
})

test('when the next key signs, one more is made, and the one before stays while what it signed is valid', () => {
  expect(planKeys([key('one', 0), key('two', 1000)], at(1001), times)).toEqual({
    make: [at(2000)],
    retire: [{ kid: 'one', at: at(1000 + 900 + 2 * 30) }],
    promote: undefined,
  })
})

test('a key is known for two cache lifetimes before it signs, however late it is made', () => {
  expect(planKeys([key('one', 0)], at(5000), times)).toEqual({ ...nothing, make: [at(5000 + 2 * 60)] })
})

test('when an operator retires the key that signs, the one that everybody knows takes over, and one more is made', () => {
  const keys = [key('one', 0, 10), key('two', 1000)]
  expect(signingAt(keys, at(9))!.kid).toBe('two')
  expect(planKeys(keys, at(11), times)).toEqual({ make: [at(1011)], retire: [], promote: 'two' })
})

test('a key that is to leave the set signs no more', () => {
  expect(signingAt([key('one', 0, 3000), key('two', 1000), key('three', 2000)], at(1500))!.kid).toBe('two')
  expect(signingAt([key('one', 0, 3000)], at(1500))).toBeUndefined()
})

test('the public half is an RFC 7517 key without private members, and verifies what the private half signs', () => {
  const cipher = createFieldCipher('a secret of more than 32 characters', 'tests')
  const { kid, publicJwk, privateKey } = newSigningKey(cipher)
  expect(publicJwk).toEqual({ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid, alg: 'EdDSA', use: 'sig' })
  const signature = sign(null, Buffer.from('data'), openSigningKey(cipher, 'PF_SECRET', kid, privateKey))
  const publicKey = createPublicKey({ key: publicJwk as never, format: 'jwk' })
  expect(verify(null, Buffer.from('data'), publicKey, signature)).toBe(true)
})

test('another secret gives a sentence for the operator', () => {
  const { kid, privateKey } = newSigningKey(createFieldCipher('a secret of more than 32 characters', 'tests'))
  const other = createFieldCipher('another secret of more than 32 chars', 'tests')
  expect(() => openSigningKey(other, 'PF_SECRET', kid, privateKey)).toThrow('another PF_SECRET')
})
