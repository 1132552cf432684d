import { describe, expect, test } from '@jest/globals'
import { checkRoomForKey, isApiKey, makeApiKey, prefixOf } from './api-keys.ts'

describe('an API key', () => {
  test('can be recognised by its mark, its length and its check digits', () => {
    for (let i = 0; i < 100; i++) {
      const key = makeApiKey()
      expect(key).toMatch(/^pf_[0-9A-Za-z]{42}$/)
      expect(isApiKey(key)).toBe(true)
    }
  })

  test('has the check digits that others compute, too: CRC-32 in base 62, six digits', () => {
    // zlib.crc32(b"pf_" + b"0" * 36) and (b"pf_" + b"z" * 36) in Python.
    expect(isApiKey(`pf_${'0'.repeat(36)}0Y16AY`)).toBe(true)
    expect(isApiKey(`pf_${'z'.repeat(36)}1p0amE`)).toBe(true)
  })

  test('is another each time', () => {
    expect(new Set(Array.from({ length: 1000 }, makeApiKey)).size).toBe(1000)
  })

  test('is none with a character changed, missing, added or exchanged with its neighbour', () => {
    const key = makeApiKey()
    for (let at = 0; at < key.length; at++) {
      const [before, after] = [key.slice(0, at), key.slice(at + 1)]
      const other = key[at] === 'x' ? 'y' : 'x'
      expect(isApiKey(before + other + after)).toBe(false)
      expect(isApiKey(before + after)).toBe(false)
      expect(isApiKey(`${before}x${key.slice(at)}`)).toBe(false)
      if (at > 0 && key[at] !== key[at - 1]) {
        expect(isApiKey(key.slice(0, at - 1) + key[at]! + key[at - 1]! + after)).toBe(false)
      }
    }
    for (const text of ['', 'pf_', `${key}\n`, ` ${key}`, key.toUpperCase()]) expect(isApiKey(text)).toBe(false)
  })

  test('is shown by its first eleven characters', () => {
    const key = makeApiKey()
    expect(prefixOf(key)).toBe(key.slice(0, 11))
  })
})

test('a user may have 25 active keys', () => {
  expect(() => checkRoomForKey(24)).not.toThrow()
  expect(() => checkRoomForKey(25)).toThrow('you have 25 API keys, which is the most: revoke one')
})
