import { writeFileSync } from 'node:fs'

type Results = { numPassedTests: number; numFailedTests: number; numRuntimeErrorTestSuites: number }

/**
 * Closes a run with `N passed, N failed`. A file that could not run at all counts as one failure. The line also goes to the
 * file that PF_TEST_COUNTS names.
 */
export default class CountReporter {
  onRunComplete(_contexts: unknown, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }: Results) {
    const line = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`
    const file = process.env['PF_TEST_COUNTS']
    if (file) writeFileSync(file, line)
    // Jest's own summary always comes after the last reporter.
    process.once('exit', () => process.stdout.write(line))
  }
}
