import { expect, test } from '@jest/globals'
import { createKeyVault } from './key-vault.ts'

const [OLD, NEW] = ['a secret of more than 32 characters', 'another secret of more than 32 chars']
const KEY = 'sk-0123456789'
const OWNER = { userId: '0198c0de-0000-7000-8000-00000000000b', provider: 'acme' }

test('a key is opened as it was, for its user and provider only', () => {
  const vault = createKeyVault([OLD])
  const stored = vault.seal(KEY, OWNER)
  expect(stored.sealed.includes(KEY)).toBe(false)
  expect(vault.open(stored, OWNER)).toBe(KEY)
  expect(() => vault.open(stored, { ...OWNER, provider: 'other' })).toThrow()
  expect(() => vault.open(stored, { ...OWNER, userId: '0198c0de-0000-7000-8000-00000000000c' })).toThrow()
})

test('a new secret encrypts, and the former one’s keys are opened as long as it is configured', () => {
  const stored = createKeyVault([OLD]).seal(KEY, OWNER)
  const rotated = createKeyVault([NEW, OLD])
  expect(rotated.open(stored, OWNER)).toBe(KEY)
  const again = rotated.seal(KEY, OWNER)
  expect(again.secretId).not.toBe(stored.secretId)
  expect(createKeyVault([NEW]).open(again, OWNER)).toBe(KEY)
  expect(() => createKeyVault([NEW]).open(stored, OWNER)).toThrow(`no secret ${stored.secretId} is configured`)
})
