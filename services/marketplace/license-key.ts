import { createHash, randomBytes } from 'node:crypto'

/** Crockford's digits of base 32: no I, L, O and U. The value of a symbol is its place. */
const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** By this, people and secret scanners know a licence key. */
const MARK = 'PF1'

/** Random symbols of a key, five bits each. One more is the check symbol. */
const RANDOM = 24

/** Symbols between two hyphens. */
const GROUP = 5

const FORM = /^PF1[0-9A-HJKMNP-TV-Z]{25}$/

/** Makes a licence key: `PF1-`, and five groups of five symbols that are 120 random bits and a check symbol. */
export function makeLicenseKey(): string {
  const random = Array.from(randomBytes(RANDOM), (byte) => SYMBOLS[byte & 31]).join('')
  return spelled(random + checkSymbol(random))
}

/**
 * The one spelling of a licence key that somebody has typed; undefined when it cannot be one. Case, hyphens and white space around it do
 * not matter; O is read as 0, I and L as 1.
 */
export function readLicenseKey(text: string): string | undefined {
  // Letters beyond ASCII must not become ASCII in capitals, as ı and ſ do.
  const typed = text.trim()
  if (!/^[\dA-Za-z-]*$/.test(typed)) return undefined
  const symbols = typed.replaceAll('-', '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  const body = symbols.slice(MARK.length, -1)
  return FORM.test(symbols) && symbols.endsWith(checkSymbol(body)) ? spelled(symbols.slice(MARK.length)) : undefined
}

/** SHA-256 of a key as `makeLicenseKey` and `readLicenseKey` spell it. By this it is stored and found. */
export const hashOfLicenseKey = (key: string): Buffer => createHash('sha256').update(key).digest()

/** What may be shown of a key in lists, and logged: the mark and the first group. 95 random bits remain secret. */
export const hintOfLicenseKey = (key: string): string => key.slice(0, MARK.length + 1 + GROUP)

const spelled = (symbols: string) => [MARK, ...(symbols.match(/.{5}/g) ?? [])].join('-')

/** Luhn's check digit in base 32: it differs when one symbol differs, and when two neighbours are exchanged that are not 0 and Z. */
function checkSymbol(symbols: string): string {
  let sum = 0
  for (let place = 1; place <= symbols.length; place++) {
    const value = SYMBOLS.indexOf(symbols.at(-place)!) * (place % 2 === 1 ? 2 : 1)
    // Its two digits in base 32.
    sum += (value >> 5) + (value & 31)
  }
  return SYMBOLS[-sum & 31]!
}
