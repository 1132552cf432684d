import { createHmac, hkdfSync } from 'node:crypto'
import { createFieldCipher } from './field-cipher.ts'

/** A secret text as it is stored: encrypted, and by which of the operator's secrets. */
export type Sealed = { secretId: string; sealed: Buffer }

/** Encrypts texts that must not be readable in the database, so that the operator's secret can be replaced. */
export type Vault = {
  /** Of the secret that encrypts. */
  secretId: string
  /** `label` says whose it is and is bound in: what is stored under one label cannot be used under another. */
  seal(plain: string, label: string): Sealed
  /** Throws when its secret is not there any more, when it was changed, or when its label is another one. */
  open(stored: Sealed, label: string): string
  /** A hash that nobody can make without the secret: what it hashes cannot be found by trying. */
  hash(bytes: Uint8Array): Buffer
}

/** The first secret encrypts; what the others have encrypted can be opened. `purpose` is part of what encrypts, so it never changes. */
export function createVault([secret, ...former]: readonly [string, ...string[]], purpose: string): Vault {
  // Says nothing of the secret, and is the same in every process.
  const idOf = (one: string) =>
    Buffer.from(hkdfSync('sha256', one, '', `${purpose}: id of the secret`, 8)).toString('hex')
  const ciphers = new Map([secret, ...former].map((one) => [idOf(one), createFieldCipher(one, purpose)]))
  const secretId = idOf(secret)
  return {
    secretId,
    seal: (plain, label) => ({ secretId, sealed: ciphers.get(secretId)!.encrypt(Buffer.from(plain), label) }),
    open: (stored, label) => {
      const cipher = ciphers.get(stored.secretId)
      if (!cipher) throw new Error(`no secret ${stored.secretId} is configured for ${purpose}`)
      return cipher.decrypt(stored.sealed, label).toString()
    },
    hash: (bytes) => createHmac('sha256', secret).update(bytes).digest(),
  }
}
