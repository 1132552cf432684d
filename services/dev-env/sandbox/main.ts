import { appendFileSync } from 'node:fs'
import { listen } from '../infra/listen.ts'
import { createSandbox, type NotedCall } from './server.ts'

// `main.ts PORT FILE [JOURNAL]`: writes its calls to the journal.
const [port = '0', file = '', journal] = process.argv.slice(2)
const note = (call: NotedCall) => {
  if (journal !== undefined) appendFileSync(journal, `${JSON.stringify(call)}\n`)
}
listen(createSandbox(note), Number(port), file)
