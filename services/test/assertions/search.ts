/**
 * Up to this product of both lengths `includes` of V8 is the fastest, and takes at most some hundredths of a second. Beyond, a text that
 * is made for it takes it seconds in which nothing can stop its thread: there the search is linear.
 */
const MAX_PRODUCT = 1e8

/** Whether a text has another in it. */
export const has = (text: string, part: string): boolean =>
  text.length * part.length <= MAX_PRODUCT ? text.includes(part) : hasLinear(text, part)

/** The same by Knuth, Morris and Pratt: in time of the sum of both lengths, whatever the texts. */
export function hasLinear(text: string, part: string): boolean {
  const borders = bordersOf(part)
  let matched = 0
  for (let at = 0; at < text.length && matched < part.length; at++) {
    const unit = text.charCodeAt(at)
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = borders[matched - 1]!
    if (part.charCodeAt(matched) === unit) matched++
  }
  return matched === part.length
}

/** For each beginning of a text the length of the longest shorter one with which it also ends. */
function bordersOf(text: string): Uint32Array {
  const borders = new Uint32Array(text.length)
  let matched = 0
  for (let at = 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    while (matched > 0 && text.charCodeAt(matched) !== unit) matched = borders[matched - 1]!
    if (text.charCodeAt(matched) === unit) matched++
    borders[at] = matched
  }
  return borders
}
