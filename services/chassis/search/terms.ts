import { caseless } from '#chassis/texts.ts'

/** Something that a text is found by. */
export type Term = {
  term: string
  /** Where it stands in the folded text, in UTF-16 units. */
  start: number
  end: number
  /** Whether a query with it finds only texts that have it. */
  isRequired: boolean
}

// Scripts written without spaces, and Korean, whose words have endings that a reader does not type.
const UNSPACED = String.raw`[[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Bopomofo}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}\u3006\u3031-\u3035\u303c\u30fc]&&[\p{L}\p{M}\p{N}]]`
const PART = String.raw`[[\p{L}\p{N}]--${UNSPACED}][[\p{L}\p{M}\p{N}]--${UNSPACED}]*`

// Emoji, currencies, arrows. ASCII symbols are punctuation, except at the end of a word: `c++`.
const SYMBOL = String.raw`\p{RI}\p{RI}|[[\p{S}\p{Extended_Pictographic}]--[\p{Sk}\p{ASCII}]]`

const UNIT = new RegExp(
  String.raw`(?<word>${PART}(?:'${PART})*)(?<suffix>[+#]{1,3})?|(?<run>${UNSPACED}+)|(?:${SYMBOL})`,
  'gv',
)

/** What it finds in ASCII, found in half the time. */
const ASCII_UNIT = /(?<word>[a-z0-9]+(?:'[a-z0-9]+)*)(?<suffix>[+#]{1,3})?/gi

const BEYOND_ASCII = /\P{ASCII}/u

/** Whether each character of a text is ASCII, so that nothing but its case changes when it is folded. */
export const isAscii = (text: string): boolean => !BEYOND_ASCII.test(text)

/** What makes one name of two words: `node.js`, `snake_case`, `a/b`, `std::vector`. With a hyphen they stay two. */
const JOINT = /^[._/&@:+#]{1,3}$/

/** Code points of a word that count. */
const MAX_LENGTH = 64

const IGNORED = /\p{Default_Ignorable_Code_Point}/gv
const APOSTROPHE = /[\u2018\u2019\u02bc]/g

/** The form of a text in which its terms are found: without the differences of case, of compatible characters (NFKC) and of apostrophes. */
export const fold = (text: string): string =>
  caseless(text.toLowerCase().toUpperCase()).replace(IGNORED, '').replace(APOSTROPHE, "'").replaceAll('ς', 'σ')

/**
 * The terms of a folded text. A word is one, as are its parts beside an apostrophe, the word with a `+` or `#` behind it, and two
 * words with what joins them. In scripts without spaces, each character and each pair of neighbours is one; so is each symbol. Every
 * term that a query requires is a term of the texts that contain the query.
 */
export function termsOf(folded: string): Term[] {
  const terms: Term[] = []
  const add = (start: number, end: number, isRequired: boolean, text = folded.slice(start, end)) => {
    const term = { term: shorten(text), start, end, isRequired }
    terms.push(term)
    return term
  }
  let last: Term | undefined
  for (const { 0: unit, index: start, groups } of folded.matchAll(isAscii(folded) ? ASCII_UNIT : UNIT)) {
    const { word, suffix = '', run } = groups!
    if (word !== undefined) last = addWord(start, word, suffix, last)
    else if (run !== undefined) addRun(start, run)
    else add(start, start + unit.length, true)
  }
  return terms

  function addWord(start: number, word: string, suffix: string, before: Term | undefined): Term {
    const end = start + word.length
    const added = add(start, end, suffix === '', word.replaceAll("'", ''))
    for (const { 0: part, index } of word.includes("'") ? word.matchAll(/[^']+/g) : [])
      add(start + index, start + index + part.length, false)
    if (suffix !== '') add(start, end + suffix.length, true, added.term + suffix)
    const joint = before && folded.slice(before.end, start)
    if (joint && JOINT.test(joint)) {
      add(before.start, end, true, before.term + joint + added.term)
      before.isRequired = false
      added.isRequired = false
    }
    return added
  }

  function addRun(start: number, run: string) {
    const characters = Array.from(run)
    let at = start
    for (const [index, character] of characters.entries()) {
      const next = characters[index + 1]
      add(at, at + character.length, characters.length === 1)
      if (next !== undefined) add(at, at + character.length + next.length, true)
      at += character.length
    }
  }
}

const shorten = (term: string) => (term.length > MAX_LENGTH ? Array.from(term).slice(0, MAX_LENGTH).join('') : term)

/** The terms that a text must have to be found by this query, each once. None at all: nothing is found. */
export const requiredTerms = (query: string): string[] => [
  ...new Set(
    termsOf(fold(query))
      .filter(({ isRequired }) => isRequired)
      .map(({ term }) => term),
  ),
]
