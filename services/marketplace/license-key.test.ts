import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { hashOfLicenseKey, hintOfLicenseKey, makeLicenseKey, readLicenseKey } from './license-key.ts'

const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const keys = (count: number) => Array.from({ length: count }, makeLicenseKey)

const symbolsOf = (key: string) => Array.from(key.replaceAll('-', '').slice('PF1'.length))

const isKey = (symbols: string[]) => readLicenseKey(`PF1${symbols.join('')}`) !== undefined

describe('a licence key', () => {
  test('is PF1 and five groups of five symbols, and is read as it was made', () => {
    for (const key of keys(100)) {
      expect(key).toMatch(/^PF1(-[0-9A-HJKMNP-TV-Z]{5}){5}$/)
      expect(readLicenseKey(key)).toBe(key)
    }
  })

  test('is another each time, with every symbol in every place', () => {
    const made = keys(2000)
    expect(new Set(made).size).toBe(2000)
    const places = made.map(symbolsOf)
    for (let at = 0; at < 25; at++) expect(new Set(places.map((symbols) => symbols[at])).size).toBe(32)
  })

  test('has the check symbol that others compute, too: Luhn modulo 32', () => {
    // By hand: the values are 0 to 23. Every second one, from the last, is doubled, and its two digits in base 32 are added: 1, 3 … 15
    // become 2, 6 … 30, and 17, 19, 21, 23 become 3, 7, 11, 15; together 164. The others, 0, 2 … 22, are 132 together. From 296 to the
    // next multiple of 32 it is 24, which is the symbol R.
    const key = 'PF1-01234-56789-ABCDE-FGHJK-MNPQR'
    expect(readLicenseKey(key)).toBe(key)
  })

  test('is none with any one symbol changed: of 49,600 changes none is missed', () => {
    let missed = 0
    let changes = 0
    for (const symbols of keys(64).map(symbolsOf)) {
      for (let at = 0; at < symbols.length; at++) {
        for (const other of SYMBOLS) {
          if (other === symbols[at]) continue
          changes++
          if (isKey(symbols.with(at, other))) missed++
        }
      }
    }
    expect({ changes, missed }).toEqual({ changes: 49_600, missed: 0 })
  })

  test('is none with two neighbours exchanged, unless they are 0 and Z', () => {
    const missed = new Set<string>()
    const exchanged = new Set<string>()
    for (const symbols of keys(1000).map(symbolsOf)) {
      for (let at = 1; at < symbols.length; at++) {
        const [left, right] = [symbols[at - 1]!, symbols[at]!]
        if (left === right) continue
        exchanged.add(left + right)
        if (isKey(symbols.with(at - 1, right).with(at, left))) missed.add([left, right].toSorted().join(''))
      }
    }
    expect(exchanged.size).toBe(32 * 31)
    expect([...missed]).toEqual(['0Z'])
  })

  test('is none with a symbol missing or added', () => {
    for (const symbols of keys(100).map(symbolsOf)) {
      expect(isKey(symbols.slice(1))).toBe(false)
      expect(isKey(symbols.slice(0, -1))).toBe(false)
      expect(isKey([...symbols, '0'])).toBe(false)
      expect(isKey(['0', ...symbols])).toBe(false)
    }
  })

  test('is read in any case, with hyphens anywhere or nowhere, and with white space around it', () => {
    for (const key of keys(100)) {
      const bare = key.replaceAll('-', '')
      for (const typed of [
        key.toLowerCase(),
        bare,
        bare.toLowerCase(),
        bare.split('').join('-'),
        `--${key}--`,
        `  ${key}\r\n`,
        `\t\u{a0}${key}\u{a0}`,
      ]) {
        expect(readLicenseKey(typed)).toBe(key)
      }
    }
  })

  test('is read with O for 0, and with I or L for 1, also in its mark', () => {
    for (const key of keys(200)) {
      for (const [zero, one] of ['OI', 'oi', 'OL', 'ol'] as const) {
        expect(readLicenseKey(key.replaceAll('0', zero!).replaceAll('1', one!))).toBe(key)
      }
    }
  })

  test.each([
    ['nothing', ''],
    ['the mark alone', 'PF1'],
    ['an API key', 'pf_012345678901234567890123456789012345678901'],
    ['another mark', 'PF2-01234-56789-ABCDE-FGHJK-MNPQR'],
    ['no mark', '01234-56789-ABCDE-FGHJK-MNPQR'],
    ['a letter that is no symbol', 'PF1-01234-56789-ABCDE-FGHJK-MNPQU'],
    ['white space inside', 'PF1-01234 56789-ABCDE-FGHJK-MNPQR'],
    ['a second line', 'PF1-01234-56789-ABCDE-FGHJK-MNPQR\nPF1'],
    ['dashes that are no hyphens', 'PF1–01234–56789–ABCDE–FGHJK–MNPQR'],
    ['a letter that has an ASCII capital', 'PFı-01234-56789-ABCDE-FGHJK-MNPQR'],
    ['a digit beyond ASCII', 'PF1-0１234-56789-ABCDE-FGHJK-MNPQR'],
    ['hyphens alone', '-'.repeat(100_000)],
  ])('is not %s', (_, typed) => {
    expect(readLicenseKey(typed)).toBeUndefined()
  })

  test('is found by the SHA-256 of its one spelling, however it was typed', () => {
    const key = makeLicenseKey()
    const hash = createHash('sha256').update(key).digest()
    expect(hashOfLicenseKey(key)).toEqual(hash)
    expect(hashOfLicenseKey(readLicenseKey(key.toLowerCase().replaceAll('-', ''))!)).toEqual(hash)
  })

  test('is shown in lists by its first group', () => {
    const key = makeLicenseKey()
    expect(hintOfLicenseKey(key)).toBe(key.slice(0, 9))
    expect(hintOfLicenseKey(key)).toMatch(/^PF1-[0-9A-Z]{5}$/)
  })
})
