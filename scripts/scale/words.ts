import { randomOf } from '#chassis/testing/random.ts'

/** Different words, and different sentences of about 80 characters, of which all texts are made. */
const WORDS = 8000
const SENTENCES = 4096

const ONSETS = ['b', 'c', 'd', 'f', 'g', 'gr', 'l', 'm', 'n', 'p', 'pr', 'r', 's', 'st', 't', 'tr', 'v', 'w']
const CORES = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea', 'io']
const CODAS = ['', '', 'n', 'r', 's', 't', 'l']

/** Words that are all different. */
export function makeWords(seed: number, count = WORDS): string[] {
  const random = randomOf(seed)
  const pick = (from: string[]) => from[Math.floor(random() * from.length)]!
  const words = new Set<string>()
  while (words.size < count) {
    const syllables = 2 + Math.floor(random() * 3)
    words.add(Array.from({ length: syllables }, () => pick(ONSETS) + pick(CORES) + pick(CODAS)).join(''))
  }
  return [...words]
}

/** Sentences of twelve words, few of which are frequent, as in a language. */
export function makeSentences(seed: number, words: string[], count = SENTENCES): string[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const text = Array.from({ length: 12 }, () => words[Math.floor(words.length * random() ** 3)]!).join(' ')
    return `${text[0]!.toUpperCase()}${text.slice(1)}.`
  })
}
