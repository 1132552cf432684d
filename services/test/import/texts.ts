const SPACE_OR_COMMA = /[\s,]/

/**
 * The texts between commas, without white space at their ends; empty ones do not count. One in double quotes may have commas, and
 * quotes written twice or after a backslash. A quote that does not end is a character like others.
 */
export function splitTexts(text: string): string[] {
  const texts: string[] = []
  let at = 0
  while (at < text.length) {
    if (SPACE_OR_COMMA.test(text[at]!)) {
      at++
      continue
    }
    const quotedOne = text[at] === '"' ? quotedAt(text, at) : undefined
    const comma = text.indexOf(',', at)
    const end = quotedOne?.end ?? (comma === -1 ? text.length : comma)
    texts.push(quotedOne?.text ?? text.slice(at, end).trim())
    at = end
  }
  return texts
}

const QUOTED = /"((?:[^"\\]|""|\\[^])*)"(?=\s*(?:,|$))/y

function quotedAt(text: string, at: number): { text: string; end: number } | undefined {
  QUOTED.lastIndex = at
  const match = QUOTED.exec(text)
  if (!match) return undefined
  return { text: match[1]!.replace(/""|\\(["\\])/g, (_, escaped?: string) => escaped ?? '"'), end: QUOTED.lastIndex }
}
