import { describe, expect, test } from '@jest/globals'
import { GetPromptStatsRequest_Granularity as Asked } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { granularityOf, pointsOf, rangeOf } from './series.ts'

const NOW = new Date('2026-11-26T04:37:42.123Z')
const iso = ({ start, end }: { start: Date; end: Date }) => [start.toISOString(), end.toISOString()]
const at = (text: string) => new Date(text)

describe('a range', () => {
  test('is 30 days up to and with today, when nobody says', () => {
    const range = rangeOf('DAY', {}, NOW)
    expect(iso(range)).toEqual(['2026-10-28T00:00:00.000Z', '2026-11-27T00:00:00.000Z'])
    expect(pointsOf('DAY', range)).toHaveLength(30)
  })

  test('is 48 hours up to and with the present one', () => {
    const range = rangeOf('HOUR', {}, NOW)
    expect(iso(range)).toEqual(['2026-11-24T05:00:00.000Z', '2026-11-26T05:00:00.000Z'])
    expect(pointsOf('HOUR', range)).toHaveLength(48)
  })

  test('has the whole points that it touches', () => {
    const range = rangeOf('DAY', { start: at('2026-01-01T23:59:59Z'), end: at('2026-01-03T00:00:00.001Z') }, NOW)
    expect(iso(range)).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-04T00:00:00.000Z'])
  })

  test('ends before the point that begins at its end', () => {
    const range = rangeOf('DAY', { start: at('2026-01-01T00:00:00Z'), end: at('2026-01-02T00:00:00Z') }, NOW)
    expect(pointsOf('DAY', range)).toEqual([at('2026-01-01T00:00:00Z')])
  })

  test('with an end alone is as long as usual', () => {
    const range = rangeOf('HOUR', { end: at('2026-01-03T00:00:00Z') }, NOW)
    expect(iso(range)).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-03T00:00:00.000Z'])
  })

  test('at midnight begins with the new day', () => {
    const midnight = at('2026-11-26T00:00:00.000Z')
    expect(pointsOf('DAY', rangeOf('DAY', {}, midnight)).at(-1)).toEqual(midnight)
  })
})

describe('a series is', () => {
  test.each([
    ['by the day', undefined, 'DAY'],
    ['by the day when it begins at the start of a day in UTC', at('2026-01-02T00:00:00Z'), 'DAY'],
    ['by the hour when it begins an hour later', at('2026-01-02T01:00:00Z'), 'HOUR'],
    ['by the hour when it begins a millisecond later', at('2026-01-02T00:00:00.001Z'), 'HOUR'],
  ])('%s, when nobody says', (_, start, expected) => {
    expect(granularityOf(Asked.UNSPECIFIED, start)).toBe(expected)
  })

  test('what the request says, wherever it begins', () => {
    expect(granularityOf(Asked.DAY, at('2026-01-02T01:00:00Z'))).toBe('DAY')
    expect(granularityOf(Asked.HOUR, at('2026-01-02T00:00:00Z'))).toBe('HOUR')
  })
})
