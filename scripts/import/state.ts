import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Reads the secret that opens the imported accounts from its file, or makes both (mode 0600). The file appears whole or not at
 * all, and of two imports that begin at once both use the same one.
 */
export function openSecret(file: string): string {
  if (!existsSync(file)) {
    const draft = `${file}.${randomUUID()}`
    const secret = randomBytes(32).toString('base64url')
    writeFileSync(draft, `${JSON.stringify({ secret })}\n`, { mode: 0o600, flush: true })
    try {
      linkSync(draft, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(draft)
    }
  }
  return secretIn(file)
}

function secretIn(file: string): string {
  try {
    const state = JSON.parse(readFileSync(file, 'utf8')) as { secret?: unknown } | null
    const secret = state?.secret
    if (typeof secret === 'string' && secret.length >= 32) return secret
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Error(`${file} is not a state file of an import: restore it, or name another with --state`)
}
