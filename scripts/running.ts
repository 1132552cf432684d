import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { type Database, openDatabase } from '../services/chassis/db/orm.ts'
import { createLogger, type Logger } from '../services/chassis/logger.ts'
import { placesOf } from '../services/dev-env/infra/places.ts'
import { answers } from '../services/dev-env/infra/postgres-url.ts'
import { schema } from '../services/user/db/schema.ts'

type Connections = Record<string, string | undefined>

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

async function connectionsOfRunning(): Promise<Connections> {
  const file = join(placesOf().state, 'connections.env')
  const connections = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const url = connections['PF_USER_DATABASE_URL']
  if (url && (await answers(url))) return connections
  throw new Error('PromptForge does not run here: run `npm start`, and this in a second terminal')
}
