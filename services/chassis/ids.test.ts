import { expect, test } from '@jest/globals'
import { validate, version } from 'uuid'
import { newId } from './ids.ts'

test('ids are UUIDs of version 7 that begin with the time, and none is made twice', () => {
  const before = Date.now()
  const ids = Array.from({ length: 10_000 }, newId)
  const after = Date.now()
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) {
    const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    expect(validate(id) && version(id) === 7 && before <= time && time <= after).toBe(true)
  }
})

test('no two ids share their randomness', () => {
  const tails = Array.from({ length: 10_000 }, () => newId().slice(-12))
  expect(new Set(tails).size).toBe(tails.length)
})
