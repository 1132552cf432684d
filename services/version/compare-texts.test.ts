import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compareTexts } from './compare-texts.ts'

const compare = (before: string, after: string) => compareTexts(before, after, { from: 'version 1', to: 'version 2' })
const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'compare-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Applies a unified diff with git. */
function patch(before: string, unifiedDiff: string): string {
  const [text, diff] = [join(folder, 'text'), join(folder, 'diff')]
  writeFileSync(text, before)
  writeFileSync(diff, unifiedDiff.replace('--- version 1\n+++ version 2\n', '--- a/text\n+++ b/text\n'))
  execFileSync('git', ['apply', '--unidiff-zero', '--whitespace=nowarn', 'diff'], { cwd: folder, stdio: 'pipe' })
  return readFileSync(text, 'utf8')
}

describe('two texts', () => {
  test('that are equal have no hunks and no diff', () => {
    expect(compare('a\nb', 'a\nb')).toEqual({ hunks: [], unifiedDiff: '', asBlocks: false })
  })

  test('differ in hunks, with three equal lines around each', () => {
    const before = lines(20, (i) => `line ${i + 1}`)
    const after = before.replace('line 5\n', 'five\n').replace('line 17\n', '')
    const { hunks, unifiedDiff } = compare(before, after)
    expect(hunks).toEqual([
      {
        fromStart: 2,
        fromLines: 7,
        toStart: 2,
        toLines: 7,
        runs: [
          { kind: 'CONTEXT', text: 'line 2\nline 3\nline 4\n' },
          { kind: 'REMOVED', text: 'line 5\n' },
          { kind: 'ADDED', text: 'five\n' },
          { kind: 'CONTEXT', text: 'line 6\nline 7\nline 8\n' },
        ],
      },
      {
        fromStart: 14,
        fromLines: 7,
        toStart: 14,
        toLines: 6,
        runs: [
          { kind: 'CONTEXT', text: 'line 14\nline 15\nline 16\n' },
          { kind: 'REMOVED', text: 'line 17\n' },
          { kind: 'CONTEXT', text: 'line 18\nline 19\nline 20\n' },
        ],
      },
    ])
    expect(unifiedDiff).toMatch(/^--- version 1\n\+\+\+ version 2\n@@ -2,7 \+2,7 @@\n line 2\n/)
  })

  test.each<[string, string, string]>([
    ['an added line at the end', 'a\n', 'a\nb\n'],
    ['an added line at the beginning', 'b\n', 'a\nb\n'],
    ['a line break at the end that is gone', 'a\nb\n', 'a\nb'],
    ['a line break at the end that is new', 'a\nb', 'a\nb\n'],
    ['no line in common', 'a\nb\nc', 'x\ny'],
    ['other line breaks', 'a\r\nb\r\n', 'a\nb\n'],
    ['blank lines', 'a\n\n\nb\n', '\na\n\nb\n\n'],
    ['changes far apart', lines(50, String), lines(50, (i) => (i % 20 === 3 ? 'x' : String(i)))],
    ['changes close together', lines(50, String), lines(50, (i) => (i % 5 === 3 ? 'x' : String(i)))],
    ['lines that begin like a diff', '-a\n+b\n@@ -1 +1 @@\n', '+a\n-b\n@@ -1 +1 @@\n\\ x\n'],
  ])('with %s: the unified diff makes the one of the other', (_, before, after) => {
    expect(patch(before, compare(before, after).unifiedDiff)).toBe(after)
  })

  test('at random: the unified diff makes the one of the other', () => {
    const text = () =>
      Array.from({ length: Math.floor(Math.random() * 30) + 1 }, () => 'abc'[Math.floor(Math.random() * 3)]).join('\n')
    for (let round = 0; round < 30; round++) {
      const [before, after] = [text(), text()]
      const { unifiedDiff } = compare(before, after)
      expect({ before, after: unifiedDiff === '' ? before : patch(before, unifiedDiff) }).toEqual({ before, after })
    }
  })

  test('that have 2,000 lines each and none in common are compared line by line', () => {
    const { hunks, asBlocks } = compare(
      lines(2000, (i) => `one ${i}`),
      lines(2000, (i) => `two ${i}`),
    )
    expect([asBlocks, hunks.length]).toEqual([false, 1])
  })

  test('of many lines in another order are compared as blocks, and the answer says so', () => {
    const [head, tail] = ['the same\n', 'the end\n']
    const before = head + lines(20_000, String) + tail
    const after = head + lines(20_000, (i) => String((i * 7919) % 20_000)) + tail
    const { hunks, unifiedDiff, asBlocks } = compare(before, after)
    expect([asBlocks, hunks.length]).toEqual([true, 1])
    expect(hunks[0]!.runs.map(({ kind }) => kind)).toEqual(['CONTEXT', 'REMOVED', 'ADDED', 'CONTEXT'])
    expect(patch(before, unifiedDiff)).toBe(after)
  })
})
