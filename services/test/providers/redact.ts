/** Characters of a provider's text that an error shows. */
const SHOWN = 300

/** How many characters of a key in a row give it away. */
const REVEALING = 6

/**
 * What a provider said, for an error message: one line, shortened. A text that has a part of the key, as it is or encoded, is not shown at
 * all: providers quote keys that they refuse.
 */
export function shownText(text: string, key: string | undefined): string {
  if (key !== undefined && reveals(text, key)) return '(not shown: it has a part of the key)'
  const line = text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return line.length > SHOWN ? `${line.slice(0, SHOWN).toWellFormed()}…` : line
}

function reveals(text: string, key: string): boolean {
  const plain = withoutSpaces(text)
  const bytes = Buffer.from(key)
  const forms = [
    key,
    encodeURIComponent(key),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
  return forms.some((form) => hasPartOf(plain, withoutSpaces(form)))
}

// In any case: hex is written in both.
const withoutSpaces = (text: string) => text.replaceAll(/[\p{C}\p{Z}"'\\]+/gu, '').toLowerCase()

function hasPartOf(text: string, key: string): boolean {
  if (key.length <= REVEALING) return key !== '' && text.includes(key)
  for (let at = 0; at + REVEALING <= key.length; at += 1) {
    if (text.includes(key.slice(at, at + REVEALING))) return true
  }
  return false
}
