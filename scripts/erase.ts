// `npm run erase -- EMAIL`: erases a user of the PromptForge that `npm start` runs, as `services/user/main.ts erase` does.
import { createLogger } from '../services/chassis/logger.ts'
import { erase } from '../services/user/erase.ts'
import { besideRunning, streamsOf } from './running.ts'

await besideRunning(async (database, connections) => {
  const { userId, deletedMessages, wasErased } = await erase(
    { database, log: createLogger('user', 'info'), streams: streamsOf(connections) },
    process.argv[2],
  )
  const was = wasErased ? ' It had been erased before, and this did what was left.' : ''
  return `${userId} is erased; ${deletedMessages} messages were deleted from the streams.${was}`
})
