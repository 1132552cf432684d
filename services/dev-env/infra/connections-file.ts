import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { placesOf } from './places.ts'

/**
 * Writes `connections.env` in the clone's state folder, mode 0600: a line `NAME='value'` for each entry, to be read by a person
 * or by `source`.
 */
export function writeConnections(values: Record<string, string | number>, state = placesOf().state): void {
  const file = join(state, 'connections.env')
  const lines = Object.entries(values).map(([name, value]) => `${name}='${String(value).replaceAll("'", `'\\''`)}'\n`)
  // A new file, so that it has the mode from its first byte.
  writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
