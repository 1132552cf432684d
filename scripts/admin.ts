// `npm run admin -- EMAIL`: makes a user of the PromptForge that `npm start` runs an administrator, as `services/user/main.ts admin` does.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { openDatabase } from '../services/chassis/db/orm.ts'
import { createLogger } from '../services/chassis/logger.ts'
import { placesOf } from '../services/dev-env/infra/places.ts'
import { answers } from '../services/dev-env/infra/postgres-url.ts'
import { commands } from '../services/user/commands.ts'
import { schema } from '../services/user/db/schema.ts'

try {
  const database = await openDatabase(
    schema,
    { url: await runningDatabase(), poolSize: 1 },
    createLogger('user', 'silent'),
  )
  try {
    const { username, userId } = await commands({ database }).admin(process.argv.slice(2))
    process.stdout.write(`${username} (${userId}) is an administrator.\n`)
  } finally {
    await database.close()
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}

async function runningDatabase(): Promise<string> {
  const file = join(placesOf().state, 'connections.env')
  const url = existsSync(file) ? parseEnv(readFileSync(file, 'utf8'))['PF_USER_DATABASE_URL'] : undefined
  if (url && (await answers(url))) return url
  throw new Error('PromptForge does not run here: run `npm start`, and this in a second terminal')
}
