import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Reads a member's authority, certificate and key, as PEM, from its folder. */
export function readPems(folder: string): { ca: string; cert: string; key: string } {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') }
}
