import { expect, test } from '@jest/globals'
import { AssertionResult_Outcome as Outcome } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { type Answer, findPlain, isCheap, type PlainCheck } from './check.ts'
import { toResult } from './result.ts'

const answer = (text: string, rest: Partial<Answer> = {}): Answer => ({
  text,
  latencyMs: 900,
  costMicros: 120n,
  finishReason: 'stop',
  ...rest,
})

/** A check, a text for which it holds, one for which it does not, and why. */
const CASES: [check: PlainCheck, holds: string, fails: string, why: string][] = [
  [{ $case: 'equals', value: ' Paris\n' }, '\tParis ', 'paris', 'the answer is "paris", not "Paris"'],
  [{ $case: 'equalsExactly', value: 'Paris' }, 'Paris', 'Paris ', 'the answer is "Paris ", not "Paris"'],
  [{ $case: 'contains', value: 'is' }, 'Paris', 'PARIS', 'the answer does not contain "is"'],
  [
    { $case: 'icontains', value: 'STRASSE σ' },
    'Die Straße ΟΔΟΣ'.replace('ΟΔΟΣ', 'ς'),
    'Str.',
    'the answer does not contain "STRASSE σ"',
  ],
  [{ $case: 'startsWith', value: ' Par' }, '\n Paris', 'In Paris', 'the answer begins with "In Paris"'],
  [{ $case: 'containsAny', value: { texts: ['x', 'P'] } }, 'Paris', 'paris', 'the answer contains none of the 2 texts'],
  [{ $case: 'containsAll', value: { texts: ['P', 's'] } }, 'Paris', 'Par', 'the answer does not contain "s"'],
  [{ $case: 'icontainsAny', value: { texts: ['x', 'p'] } }, 'Paris', 'Aris', 'the answer contains none of the 2 texts'],
  [{ $case: 'icontainsAll', value: { texts: ['p', 'S'] } }, 'Paris', 'Par', 'the answer does not contain "S"'],
  [{ $case: 'length', value: { min: 2, max: 3 } }, '😀😀😀', '😀', 'the answer has 1 characters, fewer than 2'],
  [{ $case: 'length', value: { min: 0, max: 3 } }, '', 'Paris', 'the answer has 5 characters, more than 3'],
  [{ $case: 'length', value: { min: 3 } }, 'Paris', 'Pa', 'the answer has 2 characters, fewer than 3'],
]

for (const [check, holds, fails, why] of CASES) {
  test(`${check.$case} holds for ${JSON.stringify(holds)} and not for ${JSON.stringify(fails)}; negated it is the other way`, () => {
    const outcome = (text: string, negate: boolean) => toResult(findPlain(check, answer(text)), negate)
    expect(outcome(holds, false)).toEqual({ outcome: Outcome.PASS, reason: '' })
    expect(outcome(fails, false)).toEqual({ outcome: Outcome.FAIL, reason: why })
    expect(outcome(holds, true)).toEqual({ outcome: Outcome.FAIL, reason: expect.stringMatching(/^the answer .+/) })
    expect(outcome(fails, true)).toEqual({ outcome: Outcome.PASS, reason: '' })
  })
}

test('the time, the cost and the reason of the end are checked, and not the text', () => {
  const of = (check: PlainCheck, rest: Partial<Answer>) => findPlain(check, answer('', rest))
  expect(of({ $case: 'latencyMs', value: 900n }, { latencyMs: 900 })).toMatchObject({ holds: true })
  expect(of({ $case: 'latencyMs', value: 900n }, { latencyMs: 901 })).toEqual({
    holds: false,
    because: 'the model took 901 ms, more than 900',
  })
  expect(of({ $case: 'costMicros', value: 0n }, { costMicros: 0n })).toMatchObject({ holds: true })
  expect(of({ $case: 'costMicros', value: 2n ** 60n }, { costMicros: 2n ** 60n + 1n })).toMatchObject({ holds: false })
  expect(of({ $case: 'finishReason', value: 'stop' }, { finishReason: 'stop' })).toMatchObject({ holds: true })
  expect(of({ $case: 'finishReason', value: 'stop' }, { finishReason: 'length' })).toEqual({
    holds: false,
    because: 'the model stopped for the reason "length"',
  })
})

test('of long texts that differ the place is shown where they do', () => {
  const same = 'x'.repeat(1000)
  expect(findPlain({ $case: 'equals', value: `${same}yes` }, answer(`${same}no`))).toEqual({
    holds: false,
    because: 'the answer has after 1000 characters "no", not "yes"',
  })
  expect(findPlain({ $case: 'equals', value: same }, answer(`${same}more`))).toMatchObject({ holds: false })
})

test('what takes many steps is not cheap', () => {
  const long = answer('a'.repeat(1 << 20))
  expect(isCheap({ $case: 'contains', value: 'a' }, long)).toBe(false)
  expect(isCheap({ $case: 'length', value: { min: 1 } }, long)).toBe(false)
  expect(isCheap({ $case: 'containsAll', value: { texts: ['a'.repeat(2000)] } }, answer('a'.repeat(100)))).toBe(false)
  expect(isCheap({ $case: 'icontainsAny', value: { texts: ['a'] } }, long)).toBe(false)
  expect(isCheap({ $case: 'latencyMs', value: 1n }, long)).toBe(true)
  expect(isCheap({ $case: 'contains', value: 'Paris' }, answer('The capital is Paris.'))).toBe(true)
})
