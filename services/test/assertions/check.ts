import type { Assertion, Length } from '#contracts/gen/promptforge/test/v1/assertion.ts'
import { type Finding, quote } from './finding.ts'
import { has } from './search.ts'

/** What is asserted of. */
export type Answer = {
  text: string
  latencyMs: number
  costMicros: bigint
  /** As of the test: `stop`, `length`, `content-filter`, `other`. */
  finishReason: string
}

/** What an assertion asserts that the answer itself tells: all but rubrics. See `judge.ts` for these. */
export type Check = Exclude<NonNullable<Assertion['check']>, { $case: 'llmRubric' }>

/** Whether a model judges what is asserted. */
export const isRubric = (check: NonNullable<Assertion['check']>) => check.$case === 'llmRubric'

/** Those whose time the text of a user decides: of regular expressions and JSON. See `deep-check.ts`. */
export type DeepCheck = Extract<Check, { $case: 'regex' | 'isJson' | 'containsJson' | 'jsonPath' }>

/** The others. */
export type PlainCheck = Exclude<Check, DeepCheck>

/** Whether a check is one of the first. */
export const isDeep = (check: Check): check is DeepCheck =>
  check.$case === 'regex' || check.$case === 'isJson' || check.$case === 'containsJson' || check.$case === 'jsonPath'

/** Up to how many steps a check may take in the service's own thread. */
const CHEAP = 100_000

/** Whether a check takes so little that a thread is not worth it. */
export function isCheap(check: PlainCheck, { text }: Answer): boolean {
  switch (check.$case) {
    case 'contains':
    case 'icontains':
      return text.length * check.value.length <= CHEAP
    case 'containsAny':
    case 'containsAll':
    case 'icontainsAny':
    case 'icontainsAll':
      return text.length * check.value.texts.reduce((sum, part) => sum + part.length, 0) <= CHEAP
    case 'equals':
    case 'equalsExactly':
    case 'startsWith':
    case 'length':
      return text.length <= CHEAP
    case 'latencyMs':
    case 'costMicros':
    case 'finishReason':
      return true
  }
}

/** Whether a check holds for an answer. */
export function findPlain(check: PlainCheck, { text, latencyMs, costMicros, finishReason }: Answer): Finding {
  switch (check.$case) {
    case 'equals':
      return equality(text.trim(), check.value.trim())
    case 'equalsExactly':
      return equality(text, check.value)
    case 'contains':
      return containing(has(text, check.value), check.value)
    case 'icontains':
      return containing(foldedIn(text)(check.value), check.value)
    case 'startsWith': {
      const [start, expected] = [text.trimStart(), check.value.trimStart()]
      const holds = start.startsWith(expected)
      return { holds, because: `the answer begins with ${quote(holds ? expected : start)}` }
    }
    case 'containsAny':
      return containingAny(check.value.texts, (part) => has(text, part))
    case 'containsAll':
      return containingAll(check.value.texts, (part) => has(text, part))
    case 'icontainsAny':
      return containingAny(check.value.texts, foldedIn(text))
    case 'icontainsAll':
      return containingAll(check.value.texts, foldedIn(text))
    case 'length':
      return lengthWithin(codePoints(text), check.value)
    case 'latencyMs':
      return limit('the model took', latencyMs, check.value, 'ms')
    case 'costMicros':
      return limit('the test cost', costMicros, check.value, 'millionths of a US dollar')
    case 'finishReason':
      return {
        holds: finishReason === check.value,
        because: `the model stopped for the reason ${quote(finishReason)}`,
      }
  }
}

function equality(text: string, expected: string): Finding {
  if (text === expected) return { holds: true, because: `the answer is ${quote(expected)}` }
  let same = 0
  while (text[same] === expected[same]) same++
  // Quotes of long texts that begin alike would not show the difference.
  const from = same < 40 ? 0 : same
  const place = from ? `has after ${from} characters` : 'is'
  return {
    holds: false,
    because: `the answer ${place} ${quote(text.slice(from))}, not ${quote(expected.slice(from))}`,
  }
}

const containing = (holds: boolean, part: string): Finding => ({
  holds,
  because: `the answer ${holds ? 'contains' : 'does not contain'} ${quote(part)}`,
})

function containingAny(parts: string[], isIn: (part: string) => boolean): Finding {
  const found = parts.find(isIn)
  if (found !== undefined) return containing(true, found)
  return { holds: false, because: `the answer contains none of the ${parts.length} texts` }
}

function containingAll(parts: string[], isIn: (part: string) => boolean): Finding {
  const missing = parts.find((part) => !isIn(part))
  if (missing !== undefined) return containing(false, missing)
  return { holds: true, because: `the answer contains all of the ${parts.length} texts` }
}

/** Says of a part whether the text has it, in upper or lower case. The text is folded once for all parts. */
function foldedIn(text: string): (part: string) => boolean {
  const folded = fold(text)
  return (part) => has(folded, fold(part))
}

// Upper case last: in lower case a sigma depends on what is beside it. Lower case first, for signs that are letters, as of Kelvin.
const fold = (text: string) => text.toLowerCase().toUpperCase()

function lengthWithin(length: number, { min, max = Infinity }: Length): Finding {
  const bound = length < min ? `, fewer than ${min}` : length > max ? `, more than ${max}` : ''
  return { holds: bound === '', because: `the answer has ${length} characters${bound}` }
}

function codePoints(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) count++
  return count
}

function limit(what: string, amount: number | bigint, most: bigint, unit: string): Finding {
  const holds = amount <= most
  return { holds, because: `${what} ${amount} ${unit}, ${holds ? 'at most' : 'more than'} ${most}` }
}
