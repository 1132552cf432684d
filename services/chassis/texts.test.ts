import { describe, expect, test } from '@jest/globals'
import { LABEL, LINE, LINES, PASSWORD, type TextKind } from './texts.ts'

const problemWith = ({ read, problem }: TextKind, text: string) => problem(read(text))

test('a line has no white space at its ends, and one spelling of each letter', () => {
  expect(LINE.read('  Cafe\u0301\t\n')).toBe('Caf\u00e9')
  expect(LINE.read(' '.repeat(40))).toBe('')
})

test('a label has one spelling, however it is written', () => {
  for (const text of ['git ', ' GIT', 'git', '\uff27\uff29\uff34']) expect(LABEL.read(text)).toBe('git')
  expect(LABEL.read('Cafe\u0301')).toBe(LABEL.read('CAF\u00c9'))
  for (const text of ['İ', 'ϓ', 'ﬁ', 'Ǆ']) expect(LABEL.read(LABEL.read(text))).toBe(LABEL.read(text))
})

test('a password is read in NFKC, and keeps its blanks and its case', () => {
  expect(PASSWORD.read(' Cafe\u0301 ')).toBe(' Caf\u00e9 ')
})

describe.each([
  ['a line', LINE],
  ['a label', LABEL],
  ['a text of several lines', LINES],
])('%s', (_, kind) => {
  test.each([
    ['a zero-width space', 'a\u200bb'],
    ['nothing but one', '\u200b'],
    ['an override of the direction', '\u202etxt.exe'],
    ['an isolate', 'a\u2066b'],
    ['a joiner that joins nothing', 'a\u200db'],
    ['a joiner at its end', 'a\u200c'],
    ['a blank of Braille', '\u2800'],
    ['a filler of Hangul', '\u3164'],
    ['a control character', 'a\u0007b'],
  ])('must not have %s', (_name, text) => {
    expect(problemWith(kind, text)).toMatch(/^must /)
  })

  test.each(['Äß 🍏', 'a family 👨‍👩‍👧, a programmer 👩🏽‍💻, a flag 🏳️‍🌈 and another 🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'क्‍ष', 'می‌خواهم', '提示词', 'עברית'])(
    'may be %s',
    (text) => {
      expect(problemWith(kind, text)).toBeUndefined()
    },
  )
})

test('only a text of several lines has line breaks and tabs', () => {
  const text = 'one\n\ttwo\r\nthree'
  expect(problemWith(LINES, text)).toBeUndefined()
  for (const kind of [LINE, LABEL]) expect(problemWith(kind, text)).toBe('must be one line, without control characters')
  expect(problemWith(LINE, 'one\u2028two')).toBe('must be one line, without control characters')
})
