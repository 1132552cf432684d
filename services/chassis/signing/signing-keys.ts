import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { CLOCK_SKEW_SECONDS, TOKEN_ALGORITHM } from '../grpc/tokens.ts'
import { newId } from '../ids.ts'
import type { FieldCipher } from '../field-cipher.ts'

/** What decides when keys change, in seconds. */
export type KeyTimes = {
  /** How long a key signs. */
  rotationSeconds: number
  /** How long verifiers may cache a key set. */
  cacheSeconds: number
  /** How long what a key signs is valid at most. */
  validSeconds: number
}

/** When a key signs. It has left, or is to leave, the key set at `retiredAt`. */
export type KeyState = { kid: string; activeFrom: Date; retiredAt: Date | null }

/** What is to be changed: when each new key signs, when those that have signed leave the set, and which signs sooner than it was to. */
export type KeyPlan = { make: Date[]; retire: { kid: string; at: Date }[]; promote: string | undefined }

/**
 * What is to be done so that one key signs and the next one is in the key set already, long before it signs: then an operator can retire
 * the present one at any time, and the one that takes over is known everywhere. A key that has signed stays in the set until
 * the last that it signed has expired, clocks' differences included.
 */
export function planKeys(keys: KeyState[], now: Date, times: KeyTimes): KeyPlan {
  const inUse = keys
    .filter(({ retiredAt }) => !retiredAt)
    .toSorted((a, b) => Number(a.activeFrom) - Number(b.activeFrom))
  if (inUse.length === 0) return { make: [now, later(now, times.rotationSeconds)], retire: [], promote: undefined }
  const signing = signingAt(inUse, now)!
  const promote = signing.activeFrom > now ? signing.kid : undefined
  const begun = promote ? now : signing.activeFrom
  const at = later(begun, times.validSeconds + 2 * CLOCK_SKEW_SECONDS)
  const known = later(now, 2 * times.cacheSeconds)
  const due = later(begun, times.rotationSeconds)
  return {
    make: inUse.at(-1) === signing ? [due > known ? due : known] : [],
    retire: inUse.slice(0, inUse.indexOf(signing)).map(({ kid }) => ({ kid, at })),
    promote,
  }
}

/** The key that signs: of those that are to stay the newest that is active, or the next one when an operator has retired that. */
export function signingAt<T extends { activeFrom: Date; retiredAt: Date | null }>(keys: T[], now: Date): T | undefined {
  const inUse = keys.filter(({ retiredAt }) => !retiredAt)
  return inUse.findLast(({ activeFrom }) => activeFrom <= now) ?? inUse[0]
}

/** Makes an Ed25519 key: the public half as RFC 7517 wants it, the private half sealed under the key's id. */
export function newSigningKey(cipher: FieldCipher): { kid: string; publicJwk: JWK; privateKey: Buffer } {
  const kid = newId()
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { kty, crv, x } = publicKey.export({ format: 'jwk' })
  const sealed = cipher.encrypt(privateKey.export({ format: 'der', type: 'pkcs8' }), kid)
  return { kid, publicJwk: { kty: kty!, crv: crv!, x: x!, kid, alg: TOKEN_ALGORITHM, use: 'sig' }, privateKey: sealed }
}

/** The private half of a stored key. Throws with a sentence for the operator when the secret, a setting of this name, is not the one that sealed it. */
export function openSigningKey(cipher: FieldCipher, secretName: string, kid: string, sealed: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: cipher.decrypt(sealed, kid), format: 'der', type: 'pkcs8' })
  } catch (cause) {
    throw new Error(`signing key ${kid} was encrypted with another ${secretName}`, { cause })
  }
}

const later = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000)
