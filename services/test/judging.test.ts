import { describe, expect, test } from '@jest/globals'
import {
  type AssertionResult,
  AssertionResult_Outcome as Outcome,
  AssertionResult_Preference as Preference,
} from '#contracts/gen/promptforge/test/v1/assertion.ts'
import {
  JudgedCase_Outcome as CaseOutcome,
  SuiteComparison_Outcome,
} from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { MAX_SHOWN } from './judge.ts'
import { bytesAround } from './judge-pair.ts'
import { type PairRow, pairUp, problemsOfSize, rateAll, ratePair } from './judging.ts'

const row = (name: string, repeat: number, more: Partial<PairRow> = {}): PairRow => ({
  name,
  repeat,
  from_id: `from ${name} ${repeat}`,
  to_id: `to ${name} ${repeat}`,
  is_answered: true,
  is_same: false,
  bytes: 8,
  ...more,
})

describe('two runs are paired', () => {
  test('by the name of the case and the repeat; of answers that are the same nobody is asked', () => {
    const { cases, pairs } = pairUp([row('a', 1), row('a', 2, { is_same: true }), row('b', 1)])
    expect(cases).toEqual([
      { name: 'a', repeats: 2, same: [2] },
      { name: 'b', repeats: 1, same: [] },
    ])
    expect(pairs).toEqual([
      { casePosition: 0, caseName: 'a', repeat: 1, fromId: 'from a 1', toId: 'to a 1', bytes: 8 },
      { casePosition: 1, caseName: 'b', repeat: 1, fromId: 'from b 1', toId: 'to b 1', bytes: 8 },
    ])
  })

  test('without the cases that a run lacks or has not answered, and repeats that only one has', () => {
    const missing = { from_id: null, is_answered: false }
    const { cases, pairs } = pairUp([
      row('new', 1, missing),
      row('failed', 1),
      row('failed', 2, { is_answered: false }),
      row('more', 1),
      row('more', 2, missing),
    ])
    expect(cases.map(({ name, repeats }) => [name, repeats])).toEqual([
      ['new', 0],
      ['failed', 0],
      ['more', 1],
    ])
    expect(pairs.map(({ caseName, casePosition }) => [caseName, casePosition])).toEqual([['more', 2]])
  })
})

describe('a judging has at most', () => {
  const pairsOf = (count: number, bytes: number) =>
    pairUp(Array.from({ length: count }, (_, index) => row('a', index + 1, { bytes }))).pairs

  test('5,000 tests: 2,500 pairs of answers, for each is shown to two judges', () => {
    expect(problemsOfSize('Is good.', pairsOf(2500, 8))).toEqual([])
    expect(problemsOfSize('Is good.', pairsOf(2501, 8))).toEqual([
      'the pairs of answers would make 5002 tests: at most 5000 are allowed',
    ])
  })

  test('32 MiB of texts, with rubric and instructions; both limits are told at once', () => {
    const rubric = 'Is good.'.repeat(100)
    const long = 2 * MAX_SHOWN
    const fit = Math.floor(2 ** 24 / (bytesAround(rubric) + long))
    expect(problemsOfSize(rubric, pairsOf(fit, long))).toEqual([])
    expect(problemsOfSize(rubric, pairsOf(fit + 1, long))).toEqual([expect.stringContaining('longer than 32 MiB')])
    expect(problemsOfSize(rubric, pairsOf(2501, long))).toHaveLength(2)
  })

  test('no less for what nobody is asked about: answers that are the same', () => {
    const same = Array.from({ length: 3000 }, (_, index) =>
      row('a', index + 1, { is_same: true, bytes: 2 * MAX_SHOWN }),
    )
    expect(problemsOfSize('Is good.', pairUp(same).pairs)).toEqual([])
  })
})

type Word = 'from' | 'to' | 'neither' | 'error' | undefined

const results: Record<Exclude<Word, undefined>, Partial<AssertionResult>> = {
  from: { preferred: Preference.FROM, reason: 'the old one' },
  to: { preferred: Preference.TO, reason: 'the new one' },
  neither: { preferred: Preference.NEITHER, reason: 'equal' },
  error: { outcome: Outcome.ERROR, reason: 'no verdict' },
}

/** A case whose judges have said so, in both orders of each repeat. */
const rated = (said: [Word, Word][], same: number[] = []) =>
  ratePair(
    { name: 'a', repeats: said.length, same },
    said.flatMap((words, index) =>
      same.includes(index + 1)
        ? []
        : words.map((word, order) => ({
            id: `${index} ${order}`,
            repeat: index + 1,
            result: word && ({ outcome: Outcome.PASS, ...results[word] } as AssertionResult),
          })),
    ),
  )

describe('a case', () => {
  test.each<[string, [Word, Word][], CaseOutcome, string]>([
    ['is won when both orders prefer the second run', [['to', 'to']], CaseOutcome.WIN, 'the new one'],
    ['is lost when both prefer the first', [['from', 'from']], CaseOutcome.LOSS, 'the old one'],
    ['is a tie when they disagree', [['from', 'to']], CaseOutcome.TIE, 'neither'],
    ['is a tie when one finds both as good', [['neither', 'to']], CaseOutcome.TIE, 'neither'],
    ['is a tie when both do', [['neither', 'neither']], CaseOutcome.TIE, 'neither'],
    ['is decided by most repeats', [['to', 'to'], ['from', 'from'], ['to', 'to']], CaseOutcome.WIN, 'the new one'], // prettier-ignore
    ['is a tie when as many repeats say so as the other', [['to', 'to'], ['from', 'from']], CaseOutcome.TIE, 'neither'], // prettier-ignore
    ['is inconclusive when a judge said nothing', [['to', 'to'], ['to', 'error']], CaseOutcome.INCONCLUSIVE, 'no verdict'], // prettier-ignore
    ['is open while one is not heard', [['to', 'to'], [undefined, 'error']], CaseOutcome.UNSPECIFIED, ''], // prettier-ignore
  ])('%s', (_, said, outcome, reason) => {
    const found = rated(said)
    expect(found.outcome).toBe(outcome)
    expect(found.reason).toMatch(new RegExp(`^${reason}`))
  })

  test('counts its repeats, those with the same answer as ties', () => {
    expect(rated([['to', 'to'], ['from', 'from'], ['from', 'to'], [undefined, undefined]], [4])).toMatchObject({ wins: 1, losses: 1, ties: 2, errors: 0, outcome: CaseOutcome.TIE }) // prettier-ignore
    expect(rated([[undefined, undefined]], [1])).toMatchObject({ ties: 1, reason: 'the answers are the same' })
  })
})

describe('all cases', () => {
  const won = rated([['to', 'to']])
  const lost = rated([['from', 'from']])
  const many = (cases: object, count: number) => Array.from({ length: count }, () => cases as typeof won)

  test('say that a run is better only beyond chance', () => {
    expect(rateAll(many(won, 5), true)).toMatchObject({ outcome: SuiteComparison_Outcome.INSUFFICIENT, wins: 5, pValue: expect.closeTo(0.0625) }) // prettier-ignore
    expect(rateAll(many(won, 6), true)).toMatchObject({ outcome: SuiteComparison_Outcome.BETTER, wins: 6 })
    expect(rateAll(many(lost, 6), true)).toMatchObject({ outcome: SuiteComparison_Outcome.WORSE, losses: 6 })
    expect(rateAll([...many(won, 4), ...many(lost, 3)], true).outcome).toBe(SuiteComparison_Outcome.NO_DIFFERENCE)
  })

  test('are not counted when they are ties or could not be judged, and say nothing before the end', () => {
    const others = [rated([['from', 'to']]), rated([['error', 'to']])]
    expect(rateAll([...many(won, 6), ...others], true)).toMatchObject({ ties: 1, inconclusive: 1, losses: 0, pValue: expect.closeTo(2 / 64) }) // prettier-ignore
    expect(rateAll(many(won, 6), false).outcome).toBe(SuiteComparison_Outcome.UNSPECIFIED)
  })
})
