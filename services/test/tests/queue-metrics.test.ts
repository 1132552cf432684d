import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readMetric } from '#chassis/testing/metric.ts'
import { until } from '#chassis/testing/until.ts'
import { startTestRunner, type TestRunner } from './harness.ts'

let runner: TestRunner
// Without NATS nothing runs.
beforeAll(async () => {
  runner = await startTestRunner()
})
afterAll(() => runner.stop())

/** Unfinished, due, and whole minutes of the oldest. */
const queue = async () => {
  const [unfinished, due, oldest] = await Promise.all(
    ['tests_unfinished', 'tests_due', 'tests_oldest_due_seconds'].map((name) => readMetric(runner.metricsUrl, name)),
  )
  return [unfinished, due, Math.floor(oldest! / 60)]
}

test('the metrics say how many tests have not ended, how many could begin, and for how long the first of these has waited', async () => {
  expect(await queue()).toEqual([0, 0, 0])
  const [first, later] = [await runner.run('a'), await runner.run('b')]
  await until('both to be counted', async () => String(await queue()) === '2,2,0')
  const { query } = runner.database
  await query(`update prompt_tests set created_at = now() - interval '10 minutes 30 seconds' where id = $1`, [
    first.testId,
  ])
  await until('the first to be late', async () => String(await queue()) === '2,2,10')
  // A provider has asked for a pause: until then the test is not late.
  await query(`update prompt_tests set not_before = now() + interval '1 hour' where id = $1`, [first.testId])
  await until('the other alone to be due', async () => String(await queue()) === '2,1,0')
  await query(`update prompt_tests set not_before = now() - interval '2 minutes 30 seconds' where id = $1`, [
    first.testId,
  ])
  await until('the pause to be over', async () => String(await queue()) === '2,2,2')
  for (const { testId } of [first, later]) await runner.tests.cancelTest({ testId }, { token: runner.token })
  await until('none to wait', async () => String(await queue()) === '0,0,0')
})
