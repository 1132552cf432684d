import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { placesOf } from './places.ts'

/**
 * Writes `connections.env` in the clone's state folder: a line `NAME='value'` for each entry, to be read by a person or by `source`.
 */
export const writeConnections = (values: EnvValues, state = placesOf().state): void =>
  writeEnvFile(join(state, 'connections.env'), values)

/** The values of variables by their names. */
export type EnvValues = Record<string, string | number>

/** Writes a file of environment variables, mode 0600. */
export function writeEnvFile(file: string, values: EnvValues): void {
  const lines = Object.entries(values).map(([name, value]) => `${name}='${String(value).replaceAll("'", `'\\''`)}'\n`)
  // A new file, so that it has the mode from its first byte.
  writeFileSync(`${file}.new`, lines.join(''), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Where the environment of a service is kept by which a command of it runs beside `npm start`. */
export const serviceEnvFile = (service: string, state = placesOf().state): string =>
  join(state, 'services', `${service}.env`)
