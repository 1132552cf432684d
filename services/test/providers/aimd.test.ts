import { expect, test } from '@jest/globals'
import { createCallLimit } from './aimd.ts'

const times = (count: number, act: () => void) => {
  for (let i = 0; i < count; i += 1) act()
}

test('a limit begins at 4 and grows by one after as many successes as it allows calls', () => {
  const calls = createCallLimit()
  expect(calls.limit()).toBe(4)
  times(3, calls.succeeded)
  expect(calls.limit()).toBe(4)
  calls.succeeded()
  expect(calls.limit()).toBe(5)
  times(5, calls.succeeded)
  expect(calls.limit()).toBe(6)
})

test('it never passes 32', () => {
  const calls = createCallLimit()
  times(5000, calls.succeeded)
  expect(calls.limit()).toBe(32)
})

test('calls that are refused together halve it once, and those of the next second again, down to one', () => {
  let now = 0
  const calls = createCallLimit(() => now)
  times(4, calls.throttled)
  expect(calls.limit()).toBe(2)
  now = 999
  calls.throttled()
  expect(calls.limit()).toBe(2)
  now = 1000
  calls.throttled()
  now = 5000
  calls.throttled()
  expect(calls.limit()).toBe(1)
})

test('a refusal lets it begin to count anew', () => {
  const calls = createCallLimit()
  times(3, calls.succeeded)
  calls.throttled()
  calls.succeeded()
  expect(calls.limit()).toBe(2)
  calls.succeeded()
  expect(calls.limit()).toBe(3)
})
