import { failedPrecondition } from '#chassis/errors.ts'

/** How many keys that are not revoked a user may have. The contract says so, too. */
const MAX_KEYS = 20

/** Characters of a key that are shown, and how long a key must be for that. */
const HINT = 4
const HINTED = 20

/** What is shown of a key. */
export const hintOf = (key: string) => (key.length < HINTED ? '' : key.slice(-HINT))

/** Throws FAILED_PRECONDITION when a user has so many keys already that there may not be another. */
export function checkRoomForKey(count: number): void {
  if (count < MAX_KEYS) return
  throw failedPrecondition(
    'PROVIDER_KEYS_EXHAUSTED',
    `you have ${MAX_KEYS} keys of providers, which is the most: revoke one`,
  )
}

/** FAILED_PRECONDITION: the key that a test should be run with was revoked. */
export const keyRevoked = () =>
  failedPrecondition('PROVIDER_KEY_REVOKED', 'the key of the provider was revoked: run the test with another one')
