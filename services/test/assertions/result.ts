import { type AssertionResult, AssertionResult_Outcome } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { type Finding, readable } from './finding.ts'

/** The result of an assertion whose check found this. `negate` turns what was found, not that nothing was found. */
export function toResult(finding: Finding, negate: boolean): AssertionResult {
  if ('unknown' in finding) return { outcome: AssertionResult_Outcome.ERROR, reason: readable(finding.unknown) }
  if (finding.holds !== negate) return { outcome: AssertionResult_Outcome.PASS, reason: '' }
  return { outcome: AssertionResult_Outcome.FAIL, reason: readable(finding.because) }
}
