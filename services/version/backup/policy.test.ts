import { expect, test } from '@jest/globals'
import { type Backup, backupsOf, chainAt, expired, nameOf } from './policy.ts'

const backup = (kind: Backup['kind'], time: string): Backup => {
  const begun = new Date(time)
  return { kind, begun, name: nameOf({ kind, begun }) }
}

const FULL_1 = backup('full', '2026-10-01T01:30:00Z')
const HOUR_1 = backup('incremental', '2026-10-01T02:00:00Z')
const FULL_2 = backup('full', '2026-10-02T01:30:00Z')
const HOUR_2 = backup('incremental', '2026-10-02T02:00:00Z')
const HOUR_3 = backup('incremental', '2026-10-02T03:00:00Z')
const ALL = [FULL_1, HOUR_1, FULL_2, HOUR_2, HOUR_3]

test('backups are known by the names of their files, and other files are none', () => {
  const names = ALL.map(({ name }) => name)
  expect(names[0]).toBe('20261001T013000.000Z-full.ndjson.gz')
  expect(backupsOf([...names.toReversed(), 'notes.txt', `${names[0]}.part`])).toEqual(ALL)
})

test('the state of a time is its last full backup and the incremental ones up to then', () => {
  expect(chainAt(ALL, new Date('2026-10-02T02:30:00Z'))).toEqual([FULL_2, HOUR_2])
  expect(chainAt(ALL, new Date('2026-10-01T23:00:00Z'))).toEqual([FULL_1, HOUR_1])
  expect(chainAt(ALL, new Date('2026-09-30T00:00:00Z'))).toEqual([])
})

test('a full backup goes with what builds on it when a younger one is 30 days old', () => {
  expect(expired(ALL, new Date('2026-10-31T01:30:00Z'))).toEqual([])
  expect(expired(ALL, new Date('2026-11-01T01:29:59Z'))).toEqual([])
  expect(expired(ALL, new Date('2026-11-01T01:30:00Z'))).toEqual([FULL_1, HOUR_1])
  expect(expired(ALL, new Date('2030-01-01T00:00:00Z'))).toEqual([FULL_1, HOUR_1])
})
