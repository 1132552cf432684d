import { beforeEach, describe, expect, test } from '@jest/globals'
import { createLicenseMisses, type LicenseMisses, MAX_MISSES } from './license-misses.ts'

let time: number
let misses: LicenseMisses

beforeEach(() => {
  time = 1_000_000
  misses = createLicenseMisses(() => time)
})

/** So many keys of no licence, a second apart. */
function miss(address: string, times: number) {
  for (let count = 0; count < times; count++) {
    misses.check(address)
    misses.add(address)
    time += 1000
  }
}

describe('an address with 20 keys of no licence within a minute', () => {
  test('is refused until the first of them is a minute old', () => {
    miss('192.0.2.1', MAX_MISSES)
    const error = expect.objectContaining({ reason: 'RATE_LIMITED', retryAfterMs: 40_000 })
    expect(() => misses.check('192.0.2.1')).toThrow(error)
    time += 39_999
    expect(() => misses.check('192.0.2.1')).toThrow()
    time += 1
    misses.check('192.0.2.1')
    misses.add('192.0.2.1')
    expect(() => misses.check('192.0.2.1')).toThrow()
    time += 1000
    misses.check('192.0.2.1')
  })

  test('slows down nobody but its network', () => {
    miss('2001:db8:1:2::1', MAX_MISSES)
    expect(() => misses.check('2001:db8:1:2:ffff::9')).toThrow()
    misses.check('2001:db8:1:3::1')
    misses.check('192.0.2.1')
  })
})

test('networks that are remembered are limited in number: who was not heard of for the longest time is forgotten', () => {
  miss('192.0.2.1', MAX_MISSES)
  for (let network = 0; network < 10_000; network++) misses.add(`10.0.${network >> 8}.${network & 255}`)
  misses.check('192.0.2.1')
})
