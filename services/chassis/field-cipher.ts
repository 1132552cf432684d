import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Encrypts what must not be readable in the database. `label` is bound in: a value cannot be moved under another one. */
export type FieldCipher = {
  encrypt(plain: Uint8Array, label: string): Buffer
  /** Throws when the value was changed, or encrypted with another secret or label. */
  decrypt(encrypted: Buffer, label: string): Buffer
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * A cipher of AES-256-GCM, whose key is made of the secret and of what it is for: `promptforge signing keys`. An encrypted value is the
 * nonce, the ciphertext and the tag, one after the other.
 */
export function createFieldCipher(secret: string, purpose: string): FieldCipher {
  const key = Buffer.from(hkdfSync('sha256', secret, '', purpose, 32))
  return {
    encrypt: (plain, label) => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(label))
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    decrypt: (encrypted, label) => {
      const decipher = createDecipheriv(CIPHER, key, encrypted.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(label))
        .setAuthTag(encrypted.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
    },
  }
}
