// `npm run fuzz -- [--examples N] [--seed N]`: sends requests that schemathesis draws from the OpenAPI document to the PromptForge that `npm start`
// runs, as a signed-in user and as nobody, and fails when a server fails, when an answer is not one that the document describes, or when an
// answer has what belongs to another user.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { interruptible } from '../processes/interruptible.ts'
import { connectionsOfRunning } from '../running.ts'
import { fuzz } from './fuzz.ts'

/** Share of requests that may be refused for their number before a run says little. */
const REFUSED_SHARE = 0.1

await interruptible(async (signal) => {
  const { values } = parseArgs({
    options: { examples: { type: 'string', default: '20000' }, seed: { type: 'string', default: String(Date.now()) } },
  })
  const { PF_GATEWAY_URL: url } = await connectionsOfRunning()
  const { passed, answers } = await fuzz({
    url: url!,
    document: join(import.meta.dirname, '../../services/contracts/gen/site/openapi.json'),
    examples: Number(values.examples),
    seed: Number(values.seed),
    thorough: true,
    write: (text) => process.stdout.write(text),
    signal,
  })
  const all = Object.values(answers).reduce((sum, count) => sum + count, 0)
  process.stdout.write(
    `\n${all} answers: ${Object.entries(answers)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}\n`,
  )
  if ((answers['429'] ?? 0) > REFUSED_SHARE * all)
    process.stdout.write('Many were refused for their number: run `PF_RATE_LIMIT_FACTOR=1000 npm start` for this.\n')
  process.exitCode = passed ? 0 : 1
})
