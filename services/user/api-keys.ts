import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { failedPrecondition } from '#chassis/errors.ts'

/** How many keys that are neither revoked nor expired a user may have. The contract says so, too. */
const MAX_ACTIVE = 25

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** By this, people and secret scanners know the keys of PromptForge. */
const MARK = 'pf_'

/** Random characters of a key. Eight of them are shown; the others are 166 bits. */
const RANDOM = 36

/** Check digits: CRC-32 of all that is before them. */
const CHECK = 6

const FORM = /^pf_[0-9A-Za-z]{42}$/

/** Makes a key. */
export function makeApiKey(): string {
  const random = Array.from({ length: RANDOM }, () => BASE62[randomInt(BASE62.length)])
  const body = MARK + random.join('')
  return body + checkDigits(body)
}

/** Whether a text has the form and the check digits of a key: no other needs to be looked for. */
export const isApiKey = (text: string) => FORM.test(text) && text.endsWith(checkDigits(text.slice(0, -CHECK)))

/** What is stored of a key in clear, and may be logged. */
export const prefixOf = (key: string) => key.slice(0, MARK.length + 8)

/** Throws FAILED_PRECONDITION when a user has so many keys already that there may not be another. */
export function checkRoomForKey(active: number): void {
  if (active < MAX_ACTIVE) return
  throw failedPrecondition('API_KEYS_EXHAUSTED', `you have ${MAX_ACTIVE} API keys, which is the most: revoke one`)
}

function checkDigits(body: string): string {
  const digits: string[] = []
  for (let rest = crc32(body); digits.length < CHECK; rest = Math.floor(rest / BASE62.length)) {
    digits.unshift(BASE62[rest % BASE62.length]!)
  }
  return digits.join('')
}
