import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** How the sandbox answers a prompt. */
export type Answer =
  | { kind: 'error'; status: number; message: string; retryAfter?: number }
  /** Never a byte. */
  | { kind: 'silence' }
  /** The words of the answer, with so many milliseconds before each; one that is cut ends without saying why. */
  | { kind: 'words'; words: Word[]; gapMs: number; isCut: boolean }

/** A word, or what is asked for it when it is written. */
export type Word = string | (() => string)

/** The models, as the providers file names them. */
export const MODELS = ['echo', 'slow-*', 'fail', 'flaky-*', 'throttle-*', 'cut', 'silent', 'clock-*'] as const

type Name = 'echo' | 'slow' | 'fail' | 'flaky' | 'throttle' | 'cut' | 'silent' | 'clock'

/** Prompts that were throttled once, of which so many are remembered. */
const REMEMBERED = 10_000

/** A word with the white space behind it: the sandbox's token. */
const WORD = /\s*\S+\s*?(?=\s|$)/gu

/** The tokens of a text: its words. A text without a word has none. */
export const wordsOf = (text: string): string[] => text.match(WORD) ?? []

/**
 * Decides how a model answers, by its name: the same for the same model, prompt and seed, except that `throttle-<s>` refuses a prompt the
 * first time, and that `clock-<ms>` says the time (milliseconds since 1970) at which each word is written. Undefined: there is no such model.
 */
export function createAnswers(): (model: string, prompt: string, seed: number) => Answer | undefined {
  const throttled = new LRUCache<string, true>({ max: REMEMBERED })
  return (model, prompt, seed) => {
    const [, found, argument] = /^(echo|slow|fail|flaky|throttle|cut|silent|clock)(?:-(\d{1,6}))?$/.exec(model) ?? []
    const name = found as Name | undefined
    const takesArgument = name === 'slow' || name === 'flaky' || name === 'throttle' || name === 'clock'
    if (takesArgument !== (argument !== undefined)) return undefined
    const number = Number(argument ?? 0)
    const words = wordsOf(prompt)
    const echo = { kind: 'words' as const, words, gapMs: 0, isCut: false }
    switch (name) {
      case 'echo':
        return echo
      case 'slow':
        return { ...echo, gapMs: number }
      case 'fail':
        return failure
      case 'clock':
        return { ...echo, words: words.map(() => () => `${Date.now()} `), gapMs: number }
      case 'flaky':
        return percentOf(`${prompt}\0${seed}`) < number ? failure : echo
      case 'cut':
        return { ...echo, words: words.slice(0, Math.ceil(words.length / 2)), isCut: true }
      case 'silent':
        return { kind: 'silence' }
      case 'throttle': {
        const key = createHash('sha256').update(`${model}\0${prompt}`).digest('base64')
        if (throttled.has(key)) return echo
        throttled.set(key, true)
        return { kind: 'error', status: 429, message: 'too many requests: try again later', retryAfter: number }
      }
      case undefined:
        return undefined
    }
  }
}

const failure: Answer = { kind: 'error', status: 500, message: 'this model always fails' }

/** A number from 0 to 99 that depends on the text alone. */
const percentOf = (text: string) => createHash('sha256').update(text).digest().readUInt32BE() % 100
