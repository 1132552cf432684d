import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

type TestResult = { fullName: string; failureMessages: string[] }
type FileResult = {
  testFilePath: string
  testExecError?: { message?: string; stack?: string }
  testResults: TestResult[]
}
type Results = {
  numPassedTests: number
  numFailedTests: number
  numRuntimeErrorTestSuites: number
  testResults: FileResult[]
}

/**
 * Closes a run with a line for each failure, and `N passed, N failed`. A file that could not run at all counts as one failure. The lines
 * also go to the file that PF_TEST_COUNTS names, the counts first.
 */
export default class CountReporter {
  onRunComplete(_contexts: unknown, results: Results) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results
    const counts = `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`
    const failures = results.testResults.flatMap(failuresOf).map((line) => `${line}\n`)
    const file = process.env['PF_TEST_COUNTS']
    if (file) writeFileSync(file, [counts, ...failures].join(''))
    // Jest's own summary always comes after the last reporter.
    process.once('exit', () => process.stdout.write([...failures, counts].join('')))
  }
}

/** Failures of one file that are told: when its start fails, all of its tests do. */
const MOST_TOLD = 5

/** A line for each test of a file that failed, and for the file itself when it could not run. */
function failuresOf({ testFilePath, testExecError, testResults }: FileResult): string[] {
  const path = relative(process.cwd(), testFilePath)
  const failed = testResults.filter(({ failureMessages }) => failureMessages.length > 0)
  return [
    ...(testExecError ? [`failed: ${path}: ${firstLines(testExecError.stack || testExecError.message || '')}`] : []),
    ...failed
      .slice(0, MOST_TOLD)
      .map((one) => `failed: ${path}: ${one.fullName}: ${firstLines(one.failureMessages[0]!)}`),
    ...(failed.length > MOST_TOLD ? [`failed: ${path}: ${failed.length - MOST_TOLD} more`] : []),
  ]
}

/** The beginning of a message in one line, without its colours. */
const firstLines = (message: string) => stripVTControlCharacters(message).replaceAll(/\s+/g, ' ').slice(0, 300)
