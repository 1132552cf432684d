import { expect, test } from '@jest/globals'
import { type Job, startJobs } from './jobs.ts'
import type { Lead } from './leader.ts'
import { capturedLog } from './testing/captured-log.ts'
import { until } from './testing/until.ts'

/** The election of a service that has one replica. */
const alone: Lead = async (_, signal, work) => void (await work(signal))

test('what a run throws, at once or later, is logged with the request id of the run, and the next run comes', async () => {
  const { log, records } = capturedLog()
  const causes: (string | undefined)[] = []
  const job = (name: string, run: Job['run']): Job => ({ name, on: 'every replica', everyMs: 1, run })
  const atOnce = job('fails at once', (_, { requestId }) => {
    causes.push(requestId)
    throw new Error('at once')
  })
  const later = job('fails later', async () => {
    throw new Error('later')
  })
  const end = startJobs([atOnce, later], alone, log)
  await until('several runs of both', () => causes.length > 3 && records.length > 8)
  await end()
  const ofFirst = records.filter(({ job: name }) => name === 'fails at once')
  expect(ofFirst.map(({ requestId }) => requestId)).toEqual(causes)
  expect(new Set(causes).size).toBe(causes.length)
  expect(causes[0]).toMatch(/^fails-at-once-[0-9a-f-]{36}$/)
  expect(new Set(records.map(({ msg }) => msg))).toEqual(new Set(['job failed']))
})
