import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { storesFolder } from '../../../scripts/bootstrap/stores.mjs'

/** A program of requirements.txt, which `scripts/run.mjs` installed: its path. Throws when it is not there. */
export function packagedProgram(name: string): string {
  const file = join(storesFolder(join(import.meta.dirname, '../../..')), 'bin', name)
  if (!existsSync(file)) throw new Error(`there is no ${file}: start with npm start or npm test`)
  return file
}
