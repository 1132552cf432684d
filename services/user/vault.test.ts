import { expect, test } from '@jest/globals'
import { createVault } from './vault.ts'

const vault = createVault('a secret of more than 32 characters')

test('what is sealed opens again, and never looks the same', () => {
  const plain = Buffer.from('private')
  const [one, two] = [vault.seal(plain, 'kid'), vault.seal(plain, 'kid')]
  expect(one).not.toEqual(two)
  expect(one.includes(plain)).toBe(false)
  expect(vault.open(one, 'kid')).toEqual(plain)
})

test('it opens only unchanged, with its own secret and label', () => {
  const sealed = vault.seal(Buffer.from('private'), 'kid')
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 1
    expect(() => vault.open(changed, 'kid')).toThrow()
  }
  expect(() => vault.open(sealed.subarray(0, -1), 'kid')).toThrow()
  expect(() => vault.open(sealed, 'other')).toThrow()
  expect(() => createVault('another secret of more than 32 chars').open(sealed, 'kid')).toThrow()
})
