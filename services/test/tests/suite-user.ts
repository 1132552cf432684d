import { until } from '#chassis/testing/until.ts'
import { type SuiteRun, SuiteRun_Status as Status } from '#contracts/gen/promptforge/test/v1/suite.ts'
import { SuiteServiceService } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import type { TestRunner } from './harness.ts'

/** What the runner's user does with suites. */
export function suiteUser(runner: TestRunner) {
  const suites = runner.stub(SuiteServiceService)
  const read = async (runId: string) => (await suites.getSuiteRun({ runId }, runner)).run!
  return {
    suites,
    /** Asks for a run. */
    run: async (suiteId: string, requestId?: string) =>
      (await suites.runSuite({ suiteId, which: undefined, requestId }, runner)).run!,
    read,
    /** Waits until a run has ended. */
    ended: (runId: string) =>
      until('the run to end', async () => {
        const found = await read(runId)
        return found.status === Status.COMPLETED && found
      }) as Promise<SuiteRun>,
  }
}

/** What `suiteUser` answers with. */
export type SuiteUser = ReturnType<typeof suiteUser>
