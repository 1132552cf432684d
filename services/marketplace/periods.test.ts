import { expect, test } from '@jest/globals'
import { countPeriods, type Period, periodsLater, startOfPeriod } from './periods.ts'

const at = (text: string) => new Date(text)

test.each<[Period, string, string]>([
  ['DAY', '2026-11-28T00:00:00.000Z', '2026-11-28T00:00:00.000Z'],
  ['DAY', '2026-11-28T23:59:59.999Z', '2026-11-28T00:00:00.000Z'],
  ['WEEK', '2026-11-28T12:00:00.000Z', '2026-11-23T00:00:00.000Z'],
  ['WEEK', '2026-11-29T23:59:59.999Z', '2026-11-23T00:00:00.000Z'],
  ['WEEK', '2026-11-30T00:00:00.000Z', '2026-11-30T00:00:00.000Z'],
  ['WEEK', '2027-01-01T00:00:00.000Z', '2026-12-28T00:00:00.000Z'],
  ['MONTH', '2028-02-29T23:59:59.999Z', '2028-02-01T00:00:00.000Z'],
])('the %s that has %s begins at %s', (period, time, start) => {
  expect(startOfPeriod(period, at(time))).toEqual(at(start))
})

test.each<[Period, string, number, string]>([
  ['DAY', '2028-02-28', 2, '2028-03-01'],
  ['WEEK', '2026-12-28', 1, '2027-01-04'],
  ['MONTH', '2026-11-01', 3, '2027-02-01'],
  ['MONTH', '2026-01-01', -30, '2023-07-01'],
])('from one %s, %s, it is %i to %s', (period, start, count, later) => {
  expect(periodsLater(period, at(start), count)).toEqual(at(later))
  expect(countPeriods(period, ...([at(start), at(later)].sort((a, b) => +a - +b) as [Date, Date]))).toBe(
    Math.abs(count) + 1,
  )
})
