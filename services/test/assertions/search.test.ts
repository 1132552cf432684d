import { expect, test } from '@jest/globals'
import { has, hasLinear } from './search.ts'

const LETTERS = ['a', 'b']
/** All texts of a and b of this length. */
const all = (length: number): string[] =>
  length === 0 ? [''] : all(length - 1).flatMap((text) => LETTERS.map((letter) => text + letter))

test('the linear search finds what `includes` finds', () => {
  const parts = [1, 2, 3, 4].flatMap(all)
  for (const text of [...all(0), ...all(3), ...all(7)])
    for (const part of parts) expect(hasLinear(text, part)).toBe(text.includes(part))
})

test('texts that are made for a slow search are searched through', () => {
  const text = 'a'.repeat(1 << 20)
  const part = `${'a'.repeat(10_000)}b${'a'.repeat(9999)}`
  expect(has(text, part)).toBe(false)
  expect(has(`${text}${part}`, part)).toBe(true)
})
