import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createSandbox } from './server.ts'

// `main.ts PORT FILE [JOURNAL]`: serves on this port of 127.0.0.1 (0: a free one) until it is told to end, and writes the port to the file, and
// its calls to the journal.
const [port = '0', file = '', journal] = process.argv.slice(2)
const server = createSandbox(
  journal === undefined ? () => undefined : (call) => appendFileSync(journal, `${JSON.stringify(call)}\n`),
)
server.listen(Number(port), '127.0.0.1', () => {
  writeFileSync(`${file}.new`, String((server.address() as AddressInfo).port))
  renameSync(`${file}.new`, file)
})
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
