import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What must stay the same from start to start, and secret: each a random string of 32 bytes. */
export type Secrets = Record<'pageTokens' | 'signingKeys' | 'database' | 'demoPassword', string>

/** Reads `<state>/secrets.json`, or makes it (mode 0600). */
export function openSecrets(state: string): Secrets {
  const file = join(state, 'secrets.json')
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(newSecrets(), null, 2), { mode: 0o600 })
  return JSON.parse(readFileSync(file, 'utf8')) as Secrets
}

const newSecrets = (): Secrets => ({
  pageTokens: secret(),
  signingKeys: secret(),
  database: secret(),
  demoPassword: secret(),
})

const secret = () => randomBytes(32).toString('base64url')
