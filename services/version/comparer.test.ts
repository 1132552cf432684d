import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import { type Comparer, createComparer } from './comparer.ts'

let comparer: Comparer
beforeEach(() => {
  comparer = createComparer()
})
afterEach(() => comparer.close())

const names = { from: 'version 1', to: 'version 2' }
const LONGEST = { before: 'a\n'.repeat(100_000), after: 'b\n'.repeat(100_000), names }
const SHORT = { before: 'a\n', after: 'b\n', names }
const NEVER = new AbortController().signal

test('more than wait for the threads are refused at once, and what waits is compared', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 50 }, () => comparer.compare(LONGEST, NEVER)))
  const refused = answers.filter((answer) => answer.status === 'rejected')
  expect(refused.length).toBeGreaterThan(10)
  for (const { reason } of refused)
    expect(reason).toMatchObject({ code: status.RESOURCE_EXHAUSTED, reason: 'OVERLOADED' })
  expect((await comparer.compare(SHORT, NEVER)).unifiedDiff).toContain('-a\n+b\n')
})

test('the longest comparisons leave this thread free', async () => {
  let isCompared = false
  const comparing = Promise.all(Array.from({ length: 4 }, () => comparer.compare(LONGEST, NEVER))).finally(() => {
    isCompared = true
  })
  let turns = 0
  while (!isCompared) {
    await setImmediate()
    turns += 1
  }
  await comparing
  expect(turns).toBeGreaterThan(100)
})

test('a comparison that nobody waits for any more is given up', async () => {
  const gone = new AbortController()
  const comparisons = Array.from({ length: 10 }, () => comparer.compare(LONGEST, gone.signal))
  gone.abort()
  for (const { status: outcome } of await Promise.allSettled(comparisons)) expect(outcome).toBe('rejected')
  expect((await comparer.compare(SHORT, NEVER)).asBlocks).toBe(false)
})
