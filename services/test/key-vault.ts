import { createVault, type Sealed, type Vault } from '#chassis/vault.ts'

/** Part of what encrypts keys, so it never changes. */
const PURPOSE = 'promptforge provider keys'

/** Whose key it is. This is bound in: what is stored of one user's key cannot be used as another's, or for another provider. */
export type KeyOwner = { userId: string; provider: string }

/** Encrypts users' own keys of model providers. */
export type KeyVault = Pick<Vault, 'secretId' | 'hash'> & {
  seal(key: string, owner: KeyOwner): Sealed
  /** Throws when its secret is not there any more, when it was changed, or when it is somebody else's. */
  open(stored: Sealed, owner: KeyOwner): string
}

/** The first secret encrypts; what the others have encrypted can be opened. */
export function createKeyVault(secrets: readonly [string, ...string[]]): KeyVault {
  const vault = createVault(secrets, PURPOSE)
  return {
    ...vault,
    seal: (key, owner) => vault.seal(key, labelOf(owner)),
    open: (stored, owner) => vault.open(stored, labelOf(owner)),
  }
}

const labelOf = ({ userId, provider }: KeyOwner) => `${userId} ${provider}`
