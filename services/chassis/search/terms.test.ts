import { describe, expect, test } from '@jest/globals'
import { fold, requiredTerms, termsOf } from './terms.ts'

/** Whether a text is found by a query. */
const finds = (query: string, text: string) => {
  const terms = termsOf(fold(text)).map(({ term }) => term)
  return requiredTerms(query).every((term) => terms.includes(term))
}

describe('a query requires', () => {
  test.each([
    ['hello, World!', ['hello', 'world']],
    ['c++', ['c++']],
    ['C#', ['c#']],
    ['node.js', ['node.js']],
    ['a.b.c', ['a.b', 'b.c']],
    [
      'std::vector snake_case and/or me@example.org',
      ['std::vector', 'snake_case', 'and/or', 'me@example', 'example.org'],
    ],
    ['well-known GPT-4.1', ['well', 'known', 'gpt', '4.1']],
    ["What's rock\u2019n\u2019roll", ['whats', 'rocknroll']],
    [
      '\u{1f469}\u{1f3fd}\u200d\u{1f680}\ufe0f \u{1f1e9}\u{1f1ea} \u20ac',
      ['\u{1f469}', '\u{1f680}', '\u{1f1e9}\u{1f1ea}', '\u20ac'],
    ],
    ['東京都2024年', ['東京', '京都', '2024', '年']],
    ['สวัส', ['สว', 'วั', 'ัส']],
    ['STRASSE \u1e9e \ufb03 \uff23\uff0b\uff0b', ['strasse', 'ss', 'ffi', 'c++']],
    ['one ONE \uff4f\uff4e\uff45', ['one']],
  ])('of %j each term once', (query, terms) => {
    expect(requiredTerms(query)).toEqual(terms)
  })

  test.each(['', ':*', '&|!()', '\'"', '+ # ++', '\u3002\uff0c', '\u0301', '\u{1f3fd}'])('nothing of %j', (query) => {
    expect(requiredTerms(query)).toEqual([])
  })

  test('of a long word its first 64 characters', () => {
    expect(requiredTerms('\u{10400}'.repeat(100))).toEqual(['\u{10428}'.repeat(64)])
  })
})

test('a text of ASCII has the terms that it has before a character of another kind', () => {
  const ascii = String.fromCharCode(...Array.from({ length: 127 }, (_, i) => i + 1))
  const texts = ["it's c++17/C# node.js a.b.c+d 'n' x_y?z=1&w=2#top", ascii, ...ascii.split('')].map(
    (text) => `${text} b${text}c `,
  )
  for (const text of texts) expect(termsOf(fold(text))).toEqual(termsOf(fold(`${text}é`)).slice(0, -1))
})

describe('a text is found', () => {
  const TEXTS = [
    "It's c++17/C#, node.js-based, rock'n'roll: a.b.c+d (see https://example.org/x_y?z=1&w=2#top)!",
    '请把这篇文章翻译成英文，然后总结。GPT-4で要約する「プロンプト」ｶﾞ',
    'สรุปเอกสารภาษาไทย ๒๕๖๗ ปี',
    '\u{1f680}\u{1f680}Launch\u2764\ufe0f \u{1f469}\u200d\u{1f4bb}\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7} 100%',
    'नमस्ते दुनिया — Straße, ΟΔΟΣ, İstanbul, ﬁne',
  ]

  test.each(TEXTS)('by itself, by each of its words and by these in any case: %s', (text) => {
    for (const query of [text, ...text.split(/\s+/)]) {
      for (const form of [query, query.toUpperCase(), query.toLowerCase(), query.normalize('NFKD')])
        expect([form, finds(form, text)]).toEqual([form, true])
    }
  })

  test.each(['请把这篇文章翻译成英文', 'プロンプトを要約する', 'สรุปเอกสารภาษาไทย', '프롬프트를'])(
    'by any part of two characters or more: %s',
    (text) => {
      for (let from = 0; from < text.length; from += 1) {
        for (let to = from + 2; to <= text.length; to += 1)
          expect([text.slice(from, to), finds(text.slice(from, to), text)]).toEqual([text.slice(from, to), true])
      }
    },
  )

  test.each([
    ['c++', 'c'],
    ['c++', 'c+ +'],
    ['node.js', 'node'],
    ['node.js', 'js node'],
    ['art', 'party'],
    ['東都', '東京都'],
    ['\u{1f1e9}\u{1f1ea}', '\u{1f1ea}\u{1f1e9}'],
  ])('by %j not when it is %j', (query, text) => {
    expect(finds(query, text)).toBe(false)
  })
})
