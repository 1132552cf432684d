import { expect, test } from '@jest/globals'
import { capturedLog } from '../testing/captured-log.ts'
import { faultOf, reach } from './reach.ts'

const DOWN = { isDown: true, message: 'it does not answer' }
const REFUSED = { isDown: false, message: 'it refuses the password' }

/** A store that gives these answers one after the other, the last again and again. */
const storeWith = (...answers: (typeof DOWN | undefined)[]) => {
  const looks = answers.values()
  let last: typeof DOWN | undefined
  return async () => {
    const { value, done } = looks.next()
    return done ? last : (last = value)
  }
}

test('what is down is waited for until the time is over, and that is said once', async () => {
  const { log, records } = capturedLog()
  expect(await reach(storeWith(DOWN), log, 1500)).toEqual(DOWN)
  expect(records.map(({ msg }) => msg)).toEqual(['it does not answer. Waiting for it, up to 2 s'])
})

test('what answers in time is reached, and what refuses is not waited for', async () => {
  const { log, records } = capturedLog()
  expect(await reach(storeWith(DOWN, undefined), log, 60_000)).toBeUndefined()
  expect(await reach(storeWith(REFUSED), log, 60_000)).toEqual(REFUSED)
  expect(records).toHaveLength(1)
})

test('who does not wait hears of a store that is down at once', async () => {
  const { log, records } = capturedLog()
  expect(await reach(storeWith(DOWN), log, 0)).toEqual(DOWN)
  expect(records).toEqual([])
})

test('a failure that nobody can explain is thrown as it is', async () => {
  const failure = new Error('of nobody’s')
  const connect = () => Promise.reject(failure)
  await expect(faultOf(connect, () => undefined)).rejects.toBe(failure)
  expect(await faultOf(connect, () => DOWN)).toEqual(DOWN)
})
