// `npm run admin -- EMAIL`: makes a user of the PromptForge that `npm start` runs an administrator, as `services/user/main.ts admin` does.
import { commands } from '../services/user/commands.ts'
import { besideRunning } from './running.ts'

await besideRunning(async (database, _, log) => {
  const { username, userId } = await commands({ database, log }).admin(process.argv.slice(2))
  return `${username} (${userId}) is an administrator.`
})
