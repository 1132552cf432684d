import { expect, test } from '@jest/globals'
import { createSeats } from './seats.ts'

const { signal } = new AbortController()

test('who finds no seat waits for one, in the order of arrival', async () => {
  const seats = createSeats(['one'], { waiting: 2, waitMs: 60_000 })
  expect(await seats.take(signal)).toBe('one')
  const order: string[] = []
  const waiting = ['first', 'second'].map((name) => seats.take(signal).then((seat) => order.push(`${name} ${seat}`)))
  expect(await seats.take(signal)).toBeUndefined() // the queue is full
  seats.give('one')
  await waiting[0]
  seats.give('one')
  await waiting[1]
  expect(order).toEqual(['first one', 'second one'])
  seats.give('one')
  expect(await seats.take(signal)).toBe('one')
})

test('who leaves the queue, or has waited for too long, gets none, and takes none from others', async () => {
  const seats = createSeats(['one'], { waiting: 1, waitMs: 10 })
  await seats.take(signal)
  expect(await seats.take(signal)).toBeUndefined()
  const leaving = new AbortController()
  const left = seats.take(leaving.signal)
  leaving.abort()
  expect(await left).toBeUndefined()
  expect(await seats.take(leaving.signal)).toBeUndefined()
  seats.give('one')
  expect(await seats.take(signal)).toBe('one')
})
