import { failedPrecondition } from '#chassis/errors.ts'
import { SuiteRun_Verdict as Verdict } from '#contracts/gen/promptforge/test/v1/suite.ts'
import type { CheckGateResponse } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'

/** What a version must pass before a label moves to it, its ids as text. */
export type LabelGateRow = {
  promptId: string
  label: string
  suiteId: string
  /** Who set it. */
  userId: string
  setAt: Date
}

/** FAILED_PRECONDITION: the version has not passed the suite of the label's gate. */
export const gateClosed = (suiteId: string, check: CheckGateResponse) =>
  failedPrecondition('LABEL_GATE_CLOSED', `the label has a gate, and ${whyClosed(check)}, or override the gate`, {
    metadata: { suite_id: suiteId },
  })

function whyClosed({ suiteExists, verdict }: CheckGateResponse): string {
  if (!suiteExists) return 'its suite was deleted: set another suite, remove the gate'
  switch (verdict) {
    case Verdict.UNSPECIFIED:
    case Verdict.UNRECOGNIZED:
      return 'its suite has not been run with what this version holds since the suite was last changed: run it'
    case Verdict.PASS:
      return 'this version passed its suite more than 30 days ago: run it again'
    case Verdict.FAIL:
      return 'this version failed its suite: mend it and run it again'
    case Verdict.INCONCLUSIVE:
      return 'the last run of its suite with this version was inconclusive: run it again'
  }
}
