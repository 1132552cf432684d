// `npm run dead-letters -- list | show NUMBER | retry NUMBER… | retry --all`: the events that services of the PromptForge that `npm start` runs have put
// aside. A retry is made by the service that gave the event up: `services/<name>/main.ts dead-letters retry` in production.
import { createLogger } from '../services/chassis/logger.ts'
import { chosenOf, letterLines, letterTable, readDeadLetters } from '../services/chassis/events/dead-letters.ts'
import { withDeploy } from '../services/chassis/events/stream-access.ts'
import { connectionsOfRunning, runCommandOf, streamsOf } from './running.ts'

const USAGE = 'npm run dead-letters -- list | show NUMBER… | retry NUMBER… | retry --all'

try {
  const [verb = '', ...args] = process.argv.slice(2)
  const connections = await connectionsOfRunning()
  const letters = await withDeploy(streamsOf(connections), createLogger('deploy', 'silent'), (_, manager) =>
    readDeadLetters(manager),
  )
  switch (verb) {
    case 'list':
      say(letterTable(letters, process.stdout.columns))
      break
    case 'show':
      say(chosenOf(letters, args).flatMap((letter) => [...letterLines(letter, process.stdout.columns), '']))
      break
    case 'retry': {
      const byService = Map.groupBy(chosenOf(letters, args), ({ service }) => service)
      if (byService.size === 0) say(letterTable([]))
      for (const [service, own] of byService) {
        const numbers = own.map(({ number }) => String(number))
        const { output, code } = await runCommandOf(service, ['dead-letters', 'retry', ...numbers])
        say([`${service}:`, output])
        if (code !== 0) process.exitCode = 1
      }
      break
    }
    default:
      throw new Error(USAGE)
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}

function say(lines: string[]) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
