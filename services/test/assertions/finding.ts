/** What a check found: whether it holds, with a sentence of what is so; or why that could not be found out. */
export type Finding = { holds: boolean; because: string } | { unknown: string }

/** UTF-16 units of a reason, and of what it quotes of a text. */
const MAX_REASON = 300
const MAX_QUOTE = 60

/** The beginning of a text in quotation marks, on one line. */
export const quote = (text: string) => JSON.stringify(shorten(text, MAX_QUOTE))

/** A sentence as it may be stored and shown: with no control characters, on one line and not too long. */
export const readable = (sentence: string) =>
  shorten(sentence.slice(0, 2 * MAX_REASON).replaceAll(/[\p{Cc}\u2028\u2029]+/gv, ' '), MAX_REASON)

/** At most so many UTF-16 units of a text. Half a character at the end is left out. */
export function shorten(text: string, units: number): string {
  const short = text.length > units ? `${text.slice(0, units - 1).replace(/[\ud800-\udbff]$/, '')}…` : text
  return short.toWellFormed()
}
