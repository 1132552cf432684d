import { expect, test } from '@jest/globals'
import { createLanes } from './lanes.ts'

const completed = { kind: 'completed', finishReason: 'stop', usage: undefined } as const

test('a lane that a provider throttles pauses for as long as it says, and has fewer calls then; another lane goes on', () => {
  let now = 0
  const lanes = createLanes(() => now)
  expect([lanes.limit('one'), lanes.limit('two')]).toEqual([4, 4])
  lanes.note('one', { kind: 'throttled', retryAfterMs: 2000 })
  expect([lanes.limit('one'), lanes.limit('two')]).toEqual([0, 4])
  now = 1999
  expect(lanes.limit('one')).toBe(0)
  expect([lanes.pausedMs('one'), lanes.pausedMs('two')]).toEqual([1, 0])
  now = 2000
  expect(lanes.limit('one')).toBe(2)
})

test('no lane pauses for more than a minute', () => {
  let now = 0
  const lanes = createLanes(() => now)
  lanes.note('one', { kind: 'throttled', retryAfterMs: 3_600_000 })
  now = 60_000
  expect(lanes.limit('one')).toBe(2)
})

test('a lane pauses also because another replica was throttled, with as many calls as before after that', () => {
  let now = 0
  const lanes = createLanes(() => now)
  lanes.pause('one', 2000)
  lanes.pause('one', 1000)
  now = 1999
  expect([lanes.limit('one'), lanes.limit('two')]).toEqual([0, 4])
  now = 2000
  expect(lanes.limit('one')).toBe(4)
})

test('success gives a lane more calls', () => {
  const lanes = createLanes()
  for (let i = 0; i < 4; i += 1) lanes.note('one', completed)
  expect(lanes.limit('one')).toBe(5)
})
