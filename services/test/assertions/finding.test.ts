import { expect, test } from '@jest/globals'
import { AssertionResult_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { quote, readable } from './finding.ts'
import { toResult } from './result.ts'

test('a quote is short, on one line and well-formed', () => {
  expect(quote('one\n"two"\0')).toBe(String.raw`"one\n\"two\"\u0000"`)
  expect(quote(`${'x'.repeat(58)}😀😀`)).toBe(`"${'x'.repeat(58)}…"`)
  expect(quote('\ud800')).toBe('"\ufffd"')
})

test('a reason can be stored and shown: at most 300 characters, without control characters', () => {
  expect(readable('a\0b\n\nc\u2028')).toBe('a b c ')
  expect(readable('x'.repeat(1 << 20))).toBe(`${'x'.repeat(299)}…`)
})

test('negate turns what was found, and not that nothing was found', () => {
  for (const negate of [false, true])
    expect(toResult({ unknown: 'why' }, negate)).toEqual({ outcome: Outcome.ERROR, reason: 'why' })
  expect(toResult({ holds: true, because: 'so it is' }, true)).toEqual({ outcome: Outcome.FAIL, reason: 'so it is' })
})
