import { describe, expect, test } from '@jest/globals'
import { type LabelChangeRow, type Move, nextChange } from './label.ts'

const now = new Date('2026-11-27T08:00:00Z')
const move: Move = { promptId: 'p', label: 'production', version: 2, userId: 'u', expectedSeq: undefined }
const change = { promptId: 'p', label: 'production', userId: 'u', createdAt: now }
const newest: LabelChangeRow = { ...change, seq: 4, version: 1, from: null }

describe('the change of a label', () => {
  test('follows the newest one, and says what the label named until then', () => {
    expect(nextChange(undefined, move, now)).toEqual({ ...change, seq: 1, version: 2, from: null })
    expect(nextChange(newest, move, now)).toEqual({ ...change, seq: 5, version: 2, from: 1 })
    const removed = { ...newest, version: null, from: 1 }
    expect(nextChange(removed, move, now)).toEqual({ ...change, seq: 5, version: 2, from: null })
  })

  test('is none when the label is there already, or removed already', () => {
    expect(nextChange(newest, { ...move, version: 1 }, now)).toBeUndefined()
    expect(nextChange({ ...newest, version: null }, { ...move, version: null }, now)).toBeUndefined()
    expect(nextChange(undefined, { ...move, version: null }, now)).toBeUndefined()
  })

  test.each([
    [undefined, 0],
    [newest, 4],
  ])('of %j is made when %i is the newest that the caller knows, and no other', (last, seq) => {
    expect(nextChange(last, { ...move, expectedSeq: seq }, now)).toMatchObject({ seq: seq + 1 })
    for (const expectedSeq of [seq - 1, seq + 1]) {
      expect(() => nextChange(last, { ...move, expectedSeq }, now)).toThrow(
        expect.objectContaining({ reason: 'LABEL_MOVED', metadata: { seq: String(seq) } }),
      )
    }
  })
})
