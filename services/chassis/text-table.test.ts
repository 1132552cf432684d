import { describe, expect, test } from '@jest/globals'
import { textTable } from './text-table.ts'

describe('a table for a terminal', () => {
  test('has columns as wide as what they hold', () => {
    expect(
      textTable(
        ['no.', 'event'],
        [
          ['7', 'prompt.liked'],
          ['1234', 'x'],
        ],
      ),
    ).toEqual(['no.   event', '----  ------------', '7     prompt.liked', '1234  x'])
  })

  test('continues a long last column on the next line, between words where it can, and is never wider than told', () => {
    const reason = 'its bytes are not a message of its subject, and this-word-is-longer-than-the-column'
    const lines = textTable(['no.', 'reason'], [['7', reason]], 30)
    expect(lines).toEqual([
      'no.  reason',
      '---  -------------------------',
      '7    its bytes are not a',
      '     message of its subject,',
      '     and',
      '     this-word-is-longer-than-',
      '     the-column',
    ])
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30)
  })

  test('without rows is its head', () => {
    expect(textTable(['no.', 'reason'], [])).toEqual(['no.  reason', '---  ------'])
  })
})
