import { expect, test } from '@jest/globals'
import { waitOf } from './endings.ts'

const NOW = Date.UTC(2026, 10, 27)
const throttled = (retryAfterMs?: number) => ({ kind: 'throttled', retryAfterMs }) as const
const since = (ms: number) => ({ throttled_since: new Date(NOW - ms) })

test('a test waits as long as its provider says, and no longer than a minute', () => {
  expect(waitOf(throttled(2000), { throttled_since: null }, NOW)).toBe(2000)
  expect(waitOf(throttled(120_000), { throttled_since: null }, NOW)).toBe(60_000)
})

test('when the provider does not say, it waits about a second, and longer each time, up to a minute', () => {
  expect(waitOf(throttled(), { throttled_since: null }, NOW, 0.5)).toBe(1000)
  expect(waitOf(throttled(), { throttled_since: null }, NOW, 0)).toBe(500)
  expect(waitOf(throttled(), since(1000), NOW, 0.5)).toBe(2000)
  expect(waitOf(throttled(), since(7000), NOW, 0.5)).toBe(8000)
  expect(waitOf(throttled(), since(300_000), NOW, 0.5)).toBe(60_000)
})

test('after ten minutes it does not wait any more', () => {
  expect(waitOf(throttled(2000), since(599_000), NOW)).toBe(2000)
  expect(waitOf(throttled(2000), since(600_001), NOW)).toBeUndefined()
})

test('what was not throttled does not wait', () => {
  expect(
    waitOf({ kind: 'completed', finishReason: 'stop', usage: undefined }, { throttled_since: null }, NOW),
  ).toBeUndefined()
})
