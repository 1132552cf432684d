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
export const MODELS = ['echo', 'slow-*', 'fail', 'flaky-*', 'throttle-*', 'cut', 'silent', 'clock-*', 'judge'] as const

type Name = 'echo' | 'slow' | 'fail' | 'flaky' | 'throttle' | 'cut' | 'silent' | 'clock' | 'judge'

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
    const [, found, argument] =
      /^(echo|slow|fail|flaky|throttle|cut|silent|clock|judge)(?:-(\d{1,6}))?$/.exec(model) ?? []
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
      case 'judge':
        return { ...echo, words: wordsOf(verdictOn(prompt)) }
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

/** A quotation of what the test service asks a judge. */
const QUOTATION = /<(rubric|answer|first|second)-([0-9a-f]{32})>\n([^]*?)\n<\/\1-\2>/g

/** A part of a rubric in quotation marks: what an answer must have in it. */
const DEMANDED = /"([^"\n]+)"/g

/**
 * What `judge` says: an answer passes that has all in it that its rubric has in quotation marks; its score is the share that it has. Of two
 * answers that is better which has more of it; when a rubric has nothing in quotation marks it is the first, so that both orders disagree.
 */
function verdictOn(prompt: string): string {
  const quoted = new Map([...prompt.matchAll(QUOTATION)].map(([, name, , text]) => [name, text!]))
  const { rubric, answer, first, second } = Object.fromEntries(quoted) as Partial<Record<string, string>>
  if (rubric === undefined) return 'There is nothing to judge.'
  const demanded = Array.from(rubric.matchAll(DEMANDED), ([, part]) => part!)
  if (answer !== undefined) return verdictOnOne(demanded, answer)
  if (first === undefined || second === undefined) return 'There is nothing to judge.'
  return verdictOnTwo(demanded, first, second)
}

function verdictOnTwo(demanded: string[], first: string, second: string): string {
  const shareOf = (answer: string) => demanded.filter((part) => answer.includes(part)).length
  const [one, other] = [shareOf(first), shareOf(second)]
  if (demanded.length === 0) return JSON.stringify({ reason: 'I have read it first.', better: 'first' })
  const better = one === other ? 'neither' : one > other ? 'first' : 'second'
  return JSON.stringify({ reason: `They have ${one} and ${other} of ${demanded.length} parts.`, better })
}

function verdictOnOne(demanded: string[], answer: string): string {
  const missing = demanded.filter((part) => !answer.includes(part))
  const reason = missing.length === 0 ? 'The answer has all of it.' : `The answer lacks ${missing.join(', ')}.`
  const score = demanded.length === 0 ? 1 : (demanded.length - missing.length) / demanded.length
  return JSON.stringify({ reason, score, pass: missing.length === 0 })
}

const failure: Answer = { kind: 'error', status: 500, message: 'this model always fails' }

/** A number from 0 to 99 that depends on the text alone. */
const percentOf = (text: string) => createHash('sha256').update(text).digest().readUInt32BE() % 100
