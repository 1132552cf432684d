import { createHmac, hkdfSync } from 'node:crypto'
import { createFieldCipher } from '#chassis/field-cipher.ts'

/** Part of what encrypts keys, so these never change. */
const PURPOSE = 'promptforge provider keys'
const ID_PURPOSE = 'promptforge provider keys: id of the secret'

/** Whose key it is. This is bound in: what is stored of one user's key cannot be used as another's, or for another provider. */
export type KeyOwner = { userId: string; provider: string }

/** A key as it is stored: encrypted, and by which secret. */
export type SealedKey = { secretId: string; sealed: Buffer }

/** Encrypts users' own keys of model providers. */
export type KeyVault = {
  /** The secret that encrypts. */
  secretId: string
  seal(key: string, owner: KeyOwner): SealedKey
  /** Throws when its secret is not there any more, when it was changed, or when it is somebody else's. */
  open(stored: SealedKey, owner: KeyOwner): string
  /** A hash that nobody can make without the secret: what it hashes cannot be found by trying. */
  hash(bytes: Uint8Array): Buffer
}

/** The first secret encrypts; what the others have encrypted can be opened. */
export function createKeyVault([secret, ...former]: readonly [string, ...string[]]): KeyVault {
  const ciphers = new Map([secret, ...former].map((one) => [idOf(one), createFieldCipher(one, PURPOSE)]))
  const secretId = idOf(secret)
  return {
    secretId,
    seal: (key, owner) => ({
      secretId,
      sealed: ciphers.get(secretId)!.encrypt(Buffer.from(key), labelOf(owner)),
    }),
    open: (stored, owner) => {
      const cipher = ciphers.get(stored.secretId)
      if (!cipher) throw new Error(`no secret ${stored.secretId} is configured for keys of providers`)
      return cipher.decrypt(stored.sealed, labelOf(owner)).toString()
    },
    hash: (bytes) => createHmac('sha256', secret).update(bytes).digest(),
  }
}

const labelOf = ({ userId, provider }: KeyOwner) => `${userId} ${provider}`

// Says nothing of the secret, and is the same in every process.
const idOf = (secret: string) => Buffer.from(hkdfSync('sha256', secret, '', ID_PURPOSE, 8)).toString('hex')
