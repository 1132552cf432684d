import { expect, test } from '@jest/globals'
import { printing } from './measured.ts'

const figures = { requestsPerSecond: 1234, p50: 1, p99: 2, cpu: 3, bytes: 4, errors: {} }

test('what was measured is printed whatever happens later', async () => {
  const printed: string[] = []
  const run = printing(
    [{ name: 'user', first: { residentMiB: 151, readyMs: 9 }, again: { residentMiB: 131, readyMs: 8 } }],
    (text) => printed.push(text),
    async ({ results, spine, tests }) => {
      results.push({ cell: 'GetPrompt', concurrency: 32, real: figures, bare: figures, ratio: 1, cpuRatio: 1 })
      spine.push({ what: 'relay', measured: '5678 rows/s' })
      tests.push({ what: 'RunTest', measured: '99 tests/s' })
      throw new Error('the events do not move')
    },
  )
  await expect(run).rejects.toThrow('the events do not move')
  expect(printed).toEqual([
    expect.stringMatching(/GetPrompt .* 1234 [^]*relay .* 5678 rows\/s [^]*RunTest .* 99 tests\/s [^]*user .* 151 /),
  ])
})
