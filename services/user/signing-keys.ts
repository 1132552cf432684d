import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { v7 } from 'uuid'
import { CLOCK_SKEW_SECONDS, TOKEN_ALGORITHM } from '#chassis/grpc/tokens.ts'
import type { FieldCipher } from './field-cipher.ts'

/** What decides when keys change, in seconds. */
export type KeyTimes = {
  /** How long a key signs. */
  rotationSeconds: number
  /** How long verifiers may cache a key set. */
  cacheSeconds: number
  /** How long an access token is valid. */
  accessSeconds: number
}

/** When the next key is published and signs, and when the present one, if any, leaves the key set. */
export type Rotation = { publishedAt: Date; activeFrom: Date; currentRetiresAt: Date }

/**
 * Whether a new key is due at `now`, and its times. The first key signs at once, and so does one that replaces a key which an
 * operator has retired. Otherwise it is published for two cache lifetimes before it signs, and the present one stays in the
 * key set until the last token that it signed has expired, clocks' differences included.
 */
export function nextRotation(
  current: { activeFrom: Date; retiredAt: Date | null } | undefined,
  now: Date,
  times: KeyTimes,
): Rotation | undefined {
  const isRetired = current?.retiredAt && current.retiredAt <= now
  if (current && !isRetired && later(current.activeFrom, times.rotationSeconds) > now) return undefined
  const activeFrom = current && !isRetired ? later(now, 2 * times.cacheSeconds) : now
  const currentRetiresAt = isRetired
    ? current.retiredAt!
    : later(activeFrom, times.accessSeconds + 2 * CLOCK_SKEW_SECONDS)
  return { publishedAt: now, activeFrom, currentRetiresAt }
}

/** Makes an Ed25519 key: the public half as RFC 7517 wants it, the private half sealed under the key's id. */
export function newSigningKey(cipher: FieldCipher): { kid: string; publicJwk: JWK; privateKey: Buffer } {
  const kid = v7()
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const { kty, crv, x } = publicKey.export({ format: 'jwk' })
  const sealed = cipher.encrypt(privateKey.export({ format: 'der', type: 'pkcs8' }), kid)
  return { kid, publicJwk: { kty: kty!, crv: crv!, x: x!, kid, alg: TOKEN_ALGORITHM, use: 'sig' }, privateKey: sealed }
}

/** The private half of a stored key. Throws with a sentence for the operator when the secret is not the one that sealed it. */
export function openSigningKey(cipher: FieldCipher, kid: string, sealed: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: cipher.decrypt(sealed, kid), format: 'der', type: 'pkcs8' })
  } catch (cause) {
    throw new Error(`signing key ${kid} was encrypted with another PF_SIGNING_KEY_SECRET`, { cause })
  }
}

const later = (time: Date, seconds: number) => new Date(time.getTime() + seconds * 1000)
