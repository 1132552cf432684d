import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What must stay the same from start to start, and secret: each a random string of 32 bytes. */
export type Secrets = Record<
  | 'pageTokens'
  | 'signingKeys'
  | 'viewers'
  | 'providerKeys'
  | 'licenseKeys'
  | 'licenseSigningKeys'
  | 'payments'
  | 'paymentEvents'
  | 'database'
  | 'demoPassword',
  string
>

/** Reads `<state>/secrets.json` (mode 0600), and makes what it does not have: all of it, or what is new since it was made. */
export function openSecrets(state: string): Secrets {
  const file = join(state, 'secrets.json')
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {}
  const secrets = { ...newSecrets(), ...before }
  const isNew = Object.keys(secrets).length > Object.keys(before).length
  if (isNew) writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  return secrets
}

/** The key of the payment provider, and the secret by which it signs its events, in Stripe's forms. */
export const paymentSecrets = ({ payments, paymentEvents }: Pick<Secrets, 'payments' | 'paymentEvents'>) => ({
  key: `sk_test_${payments}`,
  webhookSecret: `whsec_${paymentEvents}`,
})

const newSecrets = (): Secrets => ({
  pageTokens: secret(),
  signingKeys: secret(),
  viewers: secret(),
  providerKeys: secret(),
  licenseKeys: secret(),
  licenseSigningKeys: secret(),
  payments: secret(),
  paymentEvents: secret(),
  database: secret(),
  demoPassword: secret(),
})

const secret = () => randomBytes(32).toString('base64url')
