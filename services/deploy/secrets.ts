import { randomBytes } from 'node:crypto'
import { addMissing } from './add-missing.ts'
import type { Kubernetes } from './kubernetes.ts'

const NAME = 'promptforge-secrets'

/** The secrets of the services, by their keys in the Secret. */
export const SECRET_KEYS = [
  'page-tokens',
  'signing-keys',
  'viewers',
  'provider-keys',
  'license-keys',
  'license-signing-keys',
]

/** A secret that nobody can guess: 48 bytes in base64url. */
export const randomSecret = (): string => randomBytes(48).toString('base64url')

/** Makes the secrets that services need and that are not there yet. They encrypt and sign what is stored, so none is ever changed. */
export async function makeSecrets(kubernetes: Kubernetes): Promise<string[]> {
  const added = await addMissing(kubernetes, NAME, Object.fromEntries(SECRET_KEYS.map((key) => [key, randomSecret])))
  return [added.length > 0 ? `${NAME}: made ${added.join(', ')}` : `${NAME}: has everything`]
}
