import {
  type AssertionResult,
  AssertionResult_Outcome as Outcome,
  AssertionResult_Preference as Preference,
} from '#contracts/gen/promptforge/test/v1/assertion.ts'
import {
  JudgedCase_Outcome as CaseOutcome,
  SuiteComparison_Outcome,
} from '#contracts/gen/promptforge/test/v1/suite_comparison.ts'
import { beyondChance } from './compare-runs.ts'
import { bytesAround } from './judge-pair.ts'
import { MAX_TESTS, MAX_TEXT_BYTES } from './suite.ts'

/**
 * The answers of two runs to one repeat of a case; null when a run has no such test. `is_answered` says whether both are there, `bytes` how many of both
 * a judge is shown.
 */
export type PairRow = {
  name: string
  repeat: number
  from_id: string | null
  to_id: string | null
  is_answered: boolean
  is_same: boolean
  bytes: number
}

/** A repeat of a case whose answers a judge is to be asked about. */
export type Pair = {
  casePosition: number
  caseName: string
  repeat: number
  fromId: string
  toId: string
  bytes: number
}

/**
 * A case as a judging stores it: which of its repeats, from 1, have the same answer. One without repeats is left out: a run lacks it, or an
 * answer to it.
 */
export type PairedCase = { name: string; repeats: number; same: number[] }

/** What two runs have to be judged: their cases, and the pairs of answers that are not the same. Where one run has more repeats, its last ones do not count. */
export function pairUp(rows: readonly PairRow[]): { cases: PairedCase[]; pairs: Pair[] } {
  const byName = [...Map.groupBy(rows, ({ name }) => name)]
  const pairs: Pair[] = []
  const cases = byName.map(([name, all], casePosition) => {
    const both = all.filter((row) => row.from_id !== null && row.to_id !== null)
    if (!both.every((row) => row.is_answered)) return { name, repeats: 0, same: [] }
    for (const { repeat, is_same: isSame, from_id: fromId, to_id: toId, bytes } of both)
      if (!isSame) pairs.push({ casePosition, caseName: name, repeat, fromId: fromId!, toId: toId!, bytes })
    return { name, repeats: both.length, same: both.filter((row) => row.is_same).map(({ repeat }) => repeat) }
  })
  return { cases, pairs }
}

/** Why these pairs are too many to be judged at once, as sentences for violations: each is shown to two judges. */
export function problemsOfSize(rubric: string, pairs: readonly Pair[]): string[] {
  const tests = 2 * pairs.length
  const bytes = tests * bytesAround(rubric) + 2 * pairs.reduce((sum, pair) => sum + pair.bytes, 0)
  return [
    ...(tests > MAX_TESTS ? [`the pairs of answers would make ${tests} tests: at most ${MAX_TESTS} are allowed`] : []),
    ...(bytes > MAX_TEXT_BYTES ? ['the texts of all judges are together longer than 32 MiB'] : []),
  ]
}

/** What a judge that was asked about a repeat of a case has said; `result` is undefined until it has. */
export type HeardJudge = { id: string; repeat: number; result: AssertionResult | undefined }

/** What came of a case. */
export type RatedPair = {
  name: string
  outcome: CaseOutcome
  wins: number
  losses: number
  ties: number
  errors: number
  /** Why. */
  reason: string
  judgeTestIds: string[]
}

type Said = 'WIN' | 'LOSS' | 'TIE' | 'ERROR' | undefined

/** What came of a case whose judges, those of both orders of each repeat, have said so much. */
export function ratePair({ name, repeats, same }: PairedCase, heard: readonly HeardJudge[]): RatedPair {
  const byRepeat = Map.groupBy(heard, ({ repeat }) => repeat)
  const said = Array.from({ length: repeats }, (_, index) => {
    const repeat = index + 1
    return same.includes(repeat) ? 'TIE' : saidOf((byRepeat.get(repeat) ?? []).map(({ result }) => result))
  })
  const count = (what: Said) => said.filter((one) => one === what).length
  const counts = { wins: count('WIN'), losses: count('LOSS'), ties: count('TIE'), errors: count('ERROR') }
  const outcome = said.includes(undefined) ? CaseOutcome.UNSPECIFIED : outcomeOf(counts)
  return { name, outcome, ...counts, reason: reasonOf(outcome, heard), judgeTestIds: heard.map(({ id }) => id) }
}

/** Of the judges in both orders: which answer both prefer. That they disagree is a tie. */
function saidOf(results: (AssertionResult | undefined)[]): Said {
  const [one, other] = results
  if (!one || !other) return undefined
  if (one.outcome === Outcome.ERROR || other.outcome === Outcome.ERROR) return 'ERROR'
  if (one.preferred !== other.preferred) return 'TIE'
  return one.preferred === Preference.TO ? 'WIN' : one.preferred === Preference.FROM ? 'LOSS' : 'TIE'
}

function outcomeOf({ wins, losses, errors }: { wins: number; losses: number; errors: number }): CaseOutcome {
  if (errors > 0) return CaseOutcome.INCONCLUSIVE
  if (wins === losses) return CaseOutcome.TIE
  return wins > losses ? CaseOutcome.WIN : CaseOutcome.LOSS
}

function reasonOf(outcome: CaseOutcome, heard: readonly HeardJudge[]): string {
  const first = (speaks: (result: AssertionResult) => boolean) =>
    heard.find(({ result }) => result && speaks(result))?.result?.reason ?? ''
  switch (outcome) {
    case CaseOutcome.WIN:
      return first(({ preferred }) => preferred === Preference.TO)
    case CaseOutcome.LOSS:
      return first(({ preferred }) => preferred === Preference.FROM)
    case CaseOutcome.INCONCLUSIVE:
      return first((result) => result.outcome === Outcome.ERROR)
    case CaseOutcome.TIE:
      return heard.length === 0
        ? 'the answers are the same'
        : 'neither answer is preferred in both orders more often than the other'
    case CaseOutcome.UNSPECIFIED:
    case CaseOutcome.UNRECOGNIZED:
      return ''
  }
}

/** What came of all cases. */
export function rateAll(cases: readonly RatedPair[], hasEnded: boolean) {
  const count = (outcome: CaseOutcome) => cases.filter((one) => one.outcome === outcome).length
  const [wins, losses] = [count(CaseOutcome.WIN), count(CaseOutcome.LOSS)]
  const { outcome, pValue } = beyondChance(wins, losses)
  return {
    outcome: hasEnded ? outcome : SuiteComparison_Outcome.UNSPECIFIED,
    pValue,
    wins,
    losses,
    ties: count(CaseOutcome.TIE),
    inconclusive: count(CaseOutcome.INCONCLUSIVE),
  }
}
