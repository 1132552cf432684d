import { expect, test } from '@jest/globals'
import { requiredTerms } from '#chassis/search/terms.ts'
import { excerpt, highlight } from './snippet.ts'

const joined = ({ parts }: { parts: { text: string }[] }) => parts.map(({ text }) => text).join('')
const matched = ({ parts }: { parts: { text: string; isMatch: boolean }[] }) =>
  parts.filter(({ isMatch }) => isMatch).map(({ text }) => text)
const terms = (query: string) => new Set(requiredTerms(query))

test.each([
  ['Straße und STRASSE', 'strasse', ['Straße', 'STRASSE']],
  ['What’s whats', "what's", ['What’s', 'whats']],
  ['ﬁne c++/C#', 'FINE c#', ['ﬁne', 'C#']],
  ['e\u0301te\u0301 ça', 'été', ['e\u0301te\u0301']],
  ['東京都京都', '京都', ['京都京都']],
  ['❤️🚀 go', '🚀 go', ['🚀', 'go']],
  ['a.b.c', 'b.c', ['b.c']],
  ['none', 'other', []],
])('of %j what is searched for by %j is marked, in whole characters', (text, query, expected) => {
  const marked = highlight(text, terms(query))
  expect(matched(marked)).toEqual(expected)
  expect(joined(marked)).toBe(text)
})

test.each(['word ', '京都', '👩‍💻', 'e\u0301', 'ﷺ', '🇩🇪'])(
  'an excerpt of many %j is short and of whole characters',
  (unit) => {
    const text = `${unit.repeat(Math.floor(2000 / unit.length))} needle ${unit.repeat(Math.floor(2000 / unit.length))}`
    const found = excerpt(text, terms('needle'))
    expect(text).toContain(joined(found))
    expect(joined(found).length).toBeLessThan(250)
    expect(joined(found).trim()).toMatch(/^(?!\p{M}|\u200d).*(?<!\u200d)$/su)
    expect(joined(found).isWellFormed()).toBe(true)
    if (unit !== 'ﷺ') expect(matched(found)).toEqual(['needle'])
  },
)

test('an excerpt of a text without a match is its beginning', () => {
  const text = 'some words '.repeat(100)
  const found = excerpt(text, terms('needle'))
  expect(text.startsWith(joined(found))).toBe(true)
  expect(found).toMatchObject({ isCutBefore: false, isCutAfter: true })
})
