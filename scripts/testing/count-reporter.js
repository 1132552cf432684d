import { writeFileSync } from 'node:fs'

/**
 * Closes a run with `N passed, N failed`. A file that could not run at all counts as one failure. The line also goes to the
 * file that PF_TEST_COUNTS names.
 */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const line = `${results.numPassedTests} passed, ${failed} failed\n`
    if (process.env.PF_TEST_COUNTS) writeFileSync(process.env.PF_TEST_COUNTS, line)
    // Jest's own summary always comes after the last reporter.
    process.once('exit', () => process.stdout.write(line))
  }
}
