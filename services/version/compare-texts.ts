import diffSequences from '@jest/diff-sequences'

// Its types are those of CommonJS, and what Node imports is an ES module.
const findCommon = diffSequences as unknown as typeof diffSequences.default

/** What became of some lines. */
export type RunKind = 'CONTEXT' | 'REMOVED' | 'ADDED'

/** Lines one after the other of which the same became; each with its line break, which only the last one of a text may lack. */
export type Run = { kind: RunKind; text: string }

/** A place in which two texts differ, with the lines around it. Lines count from 1; where one text has none, its start is the line before, as in a unified diff. */
export type Hunk = { fromStart: number; fromLines: number; toStart: number; toLines: number; runs: Run[] }

/** In what two texts differ. */
export type Comparison = {
  hunks: Hunk[]
  /** The same as a unified diff; empty when the texts are equal. */
  unifiedDiff: string
  /** All lines between the first and the last that differ are one change, for comparing them one by one would take too long. */
  asBlocks: boolean
}

/** Equal lines around a change. */
const CONTEXT_LINES = 3

/** Pairs of lines that are compared at the most: enough for two texts of 2,000 lines that have none in common, and some 100 ms. */
const MAX_PAIRS = 5_000_000

/** Lines `from` and `to` of the one and the other text, up to and without `fromEnd` and `toEnd`, that differ. From 0. */
type Change = { from: number; fromEnd: number; to: number; toEnd: number }

/** Compares two texts line by line. `names` are for the unified diff. */
export function compareTexts(before: string, after: string, names: { from: string; to: string }): Comparison {
  const [from, to] = [linesOf(before), linesOf(after)]
  const { changes, asBlocks } = changesOf(from, to)
  const hunks = group(changes).map((changesOfHunk) => toHunk(changesOfHunk, from, to))
  return { hunks, unifiedDiff: toUnifiedDiff(hunks, names), asBlocks }
}

const linesOf = (text: string) => (text === '' ? [] : text.split(/(?<=\n)/))

function changesOf(from: string[], to: string[]): { changes: Change[]; asBlocks: boolean } {
  const numberOf = createNumbering()
  const [a, b] = [Int32Array.from(from, numberOf), Int32Array.from(to, numberOf)]
  const changes: Change[] = []
  let [nextFrom, nextTo] = [0, 0]
  const common = (count: number, fromStart: number, toStart: number) => {
    if (nextFrom < fromStart || nextTo < toStart)
      changes.push({ from: nextFrom, fromEnd: fromStart, to: nextTo, toEnd: toStart })
    nextFrom = fromStart + count
    nextTo = toStart + count
  }
  let pairs = 0
  try {
    findCommon(
      from.length,
      to.length,
      (i, j) => {
        if (++pairs > MAX_PAIRS) throw TOO_DIFFERENT
        return a[i] === b[j]
      },
      common,
    )
  } catch (error) {
    if (error !== TOO_DIFFERENT) throw error
    return { changes: [oneChange(a, b)], asBlocks: true }
  }
  common(0, from.length, to.length)
  return { changes, asBlocks: false }
}

const TOO_DIFFERENT = new Error('too many pairs of lines')

/** Gives each line a number, equal ones the same: numbers are compared faster than texts. */
function createNumbering(): (line: string) => number {
  const numbers = new Map<string, number>()
  return (line) => {
    const number = numbers.get(line) ?? numbers.size
    numbers.set(line, number)
    return number
  }
}

/** All that lies between the equal lines at the beginning and those at the end. */
function oneChange(a: Int32Array, b: Int32Array): Change {
  const shorter = Math.min(a.length, b.length)
  let first = 0
  while (first < shorter && a[first] === b[first]) first += 1
  let last = 0
  while (last < shorter - first && a[a.length - 1 - last] === b[b.length - 1 - last]) last += 1
  return { from: first, fromEnd: a.length - last, to: first, toEnd: b.length - last }
}

/** Changes whose context touches belong to one hunk. */
function group(changes: Change[]): Change[][] {
  const groups: Change[][] = []
  for (const change of changes) {
    const last = groups.at(-1)
    if (last && change.from - last.at(-1)!.fromEnd <= 2 * CONTEXT_LINES) last.push(change)
    else groups.push([change])
  }
  return groups
}

function toHunk(changes: Change[], from: string[], to: string[]): Hunk {
  const [first, last] = [changes[0]!, changes.at(-1)!]
  const before = Math.min(CONTEXT_LINES, first.from)
  const after = Math.min(CONTEXT_LINES, from.length - last.fromEnd)
  const runs: Run[] = []
  const add = (kind: RunKind, lines: string[]) => {
    if (lines.length > 0) runs.push({ kind, text: lines.join('') })
  }
  let next = first.from - before
  for (const change of changes) {
    add('CONTEXT', from.slice(next, change.from))
    add('REMOVED', from.slice(change.from, change.fromEnd))
    add('ADDED', to.slice(change.to, change.toEnd))
    next = change.fromEnd
  }
  add('CONTEXT', from.slice(next, next + after))
  const fromLines = last.fromEnd + after - (first.from - before)
  const toLines = last.toEnd + after - (first.to - before)
  return {
    fromStart: first.from - before + (fromLines > 0 ? 1 : 0),
    fromLines,
    toStart: first.to - before + (toLines > 0 ? 1 : 0),
    toLines,
    runs,
  }
}

const SIGNS: Record<RunKind, string> = { CONTEXT: ' ', REMOVED: '-', ADDED: '+' }

function toUnifiedDiff(hunks: Hunk[], { from, to }: { from: string; to: string }): string {
  if (hunks.length === 0) return ''
  const parts = hunks.flatMap(({ fromStart, fromLines, toStart, toLines, runs }) => [
    `@@ -${range(fromStart, fromLines)} +${range(toStart, toLines)} @@\n`,
    ...runs.map(({ kind, text }) => signed(SIGNS[kind], text)),
  ])
  return `--- ${from}\n+++ ${to}\n${parts.join('')}`
}

const range = (start: number, lines: number) => (lines === 1 ? `${start}` : `${start},${lines}`)

const signed = (sign: string, text: string) =>
  linesOf(text)
    .map((line) => `${sign}${line}${line.endsWith('\n') ? '' : '\n\\ No newline at end of file\n'}`)
    .join('')
