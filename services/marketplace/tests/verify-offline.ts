import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What the README shows: jose, and the public key set in a file. */
export const EXAMPLE = join(import.meta.dirname, '../examples/verify-license.mjs')

/** Runs it with a document and a key set, as JSON. Answers with the claims, or throws with what it said. */
export async function verifyOffline(document: string, keySet: string): Promise<Record<string, unknown>> {
  const file = join(process.env['PF_TEST_FOLDER']!, `license-keys-${randomUUID()}.json`)
  writeFileSync(file, keySet)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE, file, document])
    return JSON.parse(stdout) as Record<string, unknown>
  } finally {
    rmSync(file)
  }
}
