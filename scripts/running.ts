import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import { type Database, openDatabase } from '../services/chassis/db/orm.ts'
import type { StreamAccess } from '../services/chassis/events/stream-access.ts'
import { createLogger, type Logger } from '../services/chassis/logger.ts'
import { serviceEnvFile } from '../services/dev-env/infra/connections-file.ts'
import { Stop } from './bootstrap/step.mjs'
import { placesOf } from '../services/dev-env/infra/places.ts'
import { answers } from '../services/dev-env/infra/postgres-url.ts'
import { schema } from '../services/user/db/schema.ts'

/** What `connections.env` of a running PromptForge has. */
export type Connections = Record<string, string | undefined>

/**
 * Runs a command of the user service beside the PromptForge that `npm start` runs, and says what it answers with; `work` also gets what is in
 * `connections.env`. What goes wrong is said in a line, and the exit code is 1.
 */
export async function besideRunning(
  work: (database: Database, connections: Connections, log: Logger) => Promise<string>,
) {
  try {
    const connections = await connectionsOfRunning()
    const url = connections['PF_USER_DATABASE_URL']!
    const log = createLogger('user', 'silent')
    const database = await openDatabase(schema, { url, poolSize: 1 }, log)
    try {
      process.stdout.write(`${await work(database, connections, log)}\n`)
    } finally {
      await database.close()
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

/** Reads it. Throws when PromptForge does not run here. */
export async function connectionsOfRunning(): Promise<Connections> {
  const file = join(placesOf().state, 'connections.env')
  const connections = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const url = connections['PF_USER_DATABASE_URL']
  if (url && (await answers(url))) return connections
  throw new Stop('PromptForge does not run here: run `npm start`, and this in a second terminal')
}

/** Its streams, as the member `deploy` reaches them. */
export const streamsOf = (connections: Connections): StreamAccess => ({
  url: connections['PF_NATS_ADMIN_URL']!,
  certificates: dirname(connections['PF_NATS_ADMIN_CERT']!),
})

/** Runs a command of one of its services in a process of its own, and answers with its output and exit code. Its errors go to the terminal. */
export async function runCommandOf(
  service: string,
  command: string[],
): Promise<{ output: string; code: number | null }> {
  const file = serviceEnvFile(service)
  if (!existsSync(file)) throw new Error(`there is no service ${service}`)
  const main = join(import.meta.dirname, '../services', service, 'main.ts')
  const env = { ...process.env, ...parseEnv(readFileSync(file, 'utf8')), PF_LOG_LEVEL: 'info' }
  const running = spawn(process.execPath, [main, ...command], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(running.stdout), once(running, 'exit') as Promise<[number | null]>])
  return { output, code }
}
