import { parseJson } from './parse-json.ts'

// A sign, a string, or another value without parts; white space before it does not count. A string has no control character below U+0020.
const TOKEN =
  /[\t\n\r ]*(?:(?<sign>[\{\}\[\],:])|(?<string>"[^"\\[\p{Cc}--[\x7f-\x9f]]]*(?:\\(?:["\\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\[\p{Cc}--[\x7f-\x9f]]]*)*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+\-]?\d+)?|true|false|null)/vy

/** What may come next in JSON; of `first` ones also the end of the object or array. */
type Expected = 'value' | 'first item' | 'key' | 'first key' | 'colon' | 'comma'

/**
 * The JSON objects in a text, from left to right, as values: those that are in no other one. Takes time of about the length of the text: what
 * was once found to be the beginning of an object, or of none, is not read again.
 */
export function* objectsIn(text: string): Generator<unknown> {
  const ends = new Map<number, number | undefined>()
  for (let at = text.indexOf('{'); at !== -1; at = text.indexOf('{', at)) {
    if (!ends.has(at)) findEnds(text, at, ends)
    const end = ends.get(at)
    const parsed = end === undefined ? undefined : parseJson(text.slice(at, end))
    if (parsed && 'value' in parsed) yield parsed.value
    at = parsed && 'value' in parsed ? end! : at + 1
  }
}

/**
 * Reads the object that begins at a place. Notes where it ends, and where each object and array in it does: undefined for those that break off
 * before. Where one ends does not depend on what is around it.
 */
function findEnds(text: string, from: number, ends: Map<number, number | undefined>): void {
  const open: number[] = []
  let expected: Expected = 'value'
  TOKEN.lastIndex = from
  do {
    const token = TOKEN.exec(text)
    const next: Expected | undefined = token ? after(expected, token.groups!, text[open.at(-1)!]) : undefined
    if (next === undefined) {
      for (const at of open) ends.set(at, undefined)
      return
    }
    if (next === 'first key' || next === 'first item') open.push(TOKEN.lastIndex - 1)
    if (next === 'comma' && token!.groups!['sign']) ends.set(open.pop()!, TOKEN.lastIndex)
    expected = next
  } while (open.length > 0)
}

/** What is expected after a token; undefined when the token was not. `around` is the sign with which the innermost open part began. */
function after(
  expected: Expected,
  { sign, string }: Record<string, string | undefined>,
  around: string | undefined,
): Expected | undefined {
  const isValue = expected === 'value' || expected === 'first item'
  switch (sign) {
    case '{':
      return isValue ? 'first key' : undefined
    case '[':
      return isValue ? 'first item' : undefined
    case '}':
      return around === '{' && (expected === 'first key' || expected === 'comma') ? 'comma' : undefined
    case ']':
      return around === '[' && (expected === 'first item' || expected === 'comma') ? 'comma' : undefined
    case ':':
      return expected === 'colon' ? 'value' : undefined
    case ',':
      if (expected !== 'comma') return undefined
      return around === '{' ? 'key' : 'value'
    case undefined:
      break
  }
  if (isValue) return 'comma'
  return string !== undefined && (expected === 'key' || expected === 'first key') ? 'colon' : undefined
}
