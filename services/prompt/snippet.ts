import type { SearchPromptsResponse_Snippet as Snippet } from '#contracts/gen/promptforge/prompt/v1/search.ts'
import { fold, isAscii, type Term, termsOf } from '#chassis/search/terms.ts'

/** UTF-16 units of an excerpt, and how many of them stand before the first match. */
const LENGTH = 200
const BEFORE = 50

/** UTF-16 units of a folded text that are looked at: a text can become eighteen times as long, and a search shows a hundred. */
const MAX_FOLDED = 6000

type Range = { start: number; end: number }

/** A whole text, with what has these terms marked. */
export const highlight = (text: string, terms: ReadonlySet<string>): Snippet =>
  snippetOf(text, matchesIn(text, terms), { start: 0, end: text.length })

/** The part of a text that has the most of these terms, with them marked; its beginning when it has none. */
export function excerpt(text: string, terms: ReadonlySet<string>): Snippet {
  const matches = matchesIn(text, terms)
  return snippetOf(text, matches, text.length <= LENGTH ? { start: 0, end: text.length } : bestPart(text, matches))
}

function snippetOf(text: string, matches: Range[], { start, end }: Range): Snippet {
  const parts: Snippet['parts'] = []
  const add = (from: number, to: number, isMatch: boolean) => {
    const last = parts.at(-1)
    if (from === to) return
    if (last?.isMatch === isMatch) last.text += text.slice(from, to)
    else parts.push({ text: text.slice(from, to), isMatch })
  }
  let at = start
  for (const match of matches) {
    if (match.end <= at || match.start >= end) continue
    const from = Math.max(at, match.start)
    add(at, from, false)
    at = Math.min(end, match.end)
    add(from, at, true)
  }
  add(at, end, false)
  return { parts, isCutBefore: start > 0, isCutAfter: end < text.length }
}

type Match = Range & { term: string }

function matchesIn(text: string, terms: ReadonlySet<string>): Match[] {
  return findMatches(text, terms).toSorted((a, b) => a.start - b.start)
}

function findMatches(text: string, terms: ReadonlySet<string>): Match[] {
  const isMatch = ({ term }: Term) => terms.has(term)
  if (isAscii(text)) return termsOf(fold(text)).filter(isMatch)
  const { folded, starts, ends } = foldedWithPlaces(text)
  return termsOf(folded)
    .filter(isMatch)
    .map(({ term, start, end }) => ({ term, start: starts[start]!, end: ends[end - 1]! }))
}

// From before a match to where the excerpt ends: the first of those with the most different terms.
function bestPart(text: string, matches: Match[]): Range {
  let best = { from: 0, count: 0 }
  let last = 0
  const within = new Map<string, number>()
  for (const { start, term } of matches) {
    for (; last < matches.length && matches[last]!.end <= start - BEFORE + LENGTH; last += 1)
      within.set(matches[last]!.term, (within.get(matches[last]!.term) ?? 0) + 1)
    if (within.size > best.count) best = { from: start, count: within.size }
    const left = (within.get(term) ?? 0) - 1
    if (left > 0) within.set(term, left)
    else within.delete(term)
  }
  const start = borderNear(text, Math.max(0, Math.min(best.from - BEFORE, text.length - LENGTH)))
  return { start, end: borderNear(text, Math.min(text.length, start + LENGTH)) }
}

/** How far a border moves to stand between words. */
const SLACK = 20

const graphemes = new Intl.Segmenter()

// Where a word begins, if one does within reach before; else where a character does.
function borderNear(text: string, index: number): number {
  if (index === 0 || index === text.length) return index
  const from = Math.max(0, index - SLACK)
  const space = text.slice(from, index).lastIndexOf(' ')
  if (space >= 0) return from + space + 1
  return from + graphemes.segment(text.slice(from, index + SLACK)).containing(index - from)!.index
}

/** The pieces of which each is folded by itself: ASCII that no mark follows, or a character with its marks. */
const PIECE = /\p{ASCII}+(?!\p{M})|\P{M}\p{M}*|\p{M}+/gsu

// A folded text, and for each of its units where the character that it comes from begins and ends.
function foldedWithPlaces(text: string) {
  const starts: number[] = []
  const ends: number[] = []
  let folded = ''
  for (const { 0: piece, index } of text.matchAll(PIECE)) {
    const made = fold(piece)
    const isInStep = made.length === piece.length
    for (let i = 0; i < made.length; i += 1) {
      starts.push(isInStep ? index + i : index)
      ends.push(isInStep ? index + i + 1 : index + piece.length)
    }
    folded += made
    if (folded.length > MAX_FOLDED) break
  }
  return { folded, starts, ends }
}
