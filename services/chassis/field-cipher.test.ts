import { expect, test } from '@jest/globals'
import { createFieldCipher } from './field-cipher.ts'

const SECRET = 'a secret of more than 32 characters'
const cipher = createFieldCipher(SECRET, 'tests')

test('what is encrypted can be decrypted, and never looks the same', () => {
  const plain = Buffer.from('private')
  const [one, two] = [cipher.encrypt(plain, 'kid'), cipher.encrypt(plain, 'kid')]
  expect(one).not.toEqual(two)
  expect(one.includes(plain)).toBe(false)
  expect(cipher.decrypt(one, 'kid')).toEqual(plain)
})

test('it can be decrypted only unchanged, with its own secret, purpose and label', () => {
  const encrypted = cipher.encrypt(Buffer.from('private'), 'kid')
  for (let i = 0; i < encrypted.length; i++) {
    const changed = Buffer.from(encrypted)
    changed[i]! ^= 1
    expect(() => cipher.decrypt(changed, 'kid')).toThrow()
  }
  expect(() => cipher.decrypt(encrypted.subarray(0, -1), 'kid')).toThrow()
  expect(() => cipher.decrypt(encrypted, 'other')).toThrow()
  expect(() => createFieldCipher('another secret of more than 32 chars', 'tests').decrypt(encrypted, 'kid')).toThrow()
  expect(() => createFieldCipher(SECRET, 'other tests').decrypt(encrypted, 'kid')).toThrow()
})
