import { renameSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createSandbox } from './server.ts'

// `main.ts PORT FILE`: serves on this port of 127.0.0.1 (0: a free one) until it is told to end, and writes the port to the file.
const [port = '0', file = ''] = process.argv.slice(2)
const server = createSandbox()
server.listen(Number(port), '127.0.0.1', () => {
  writeFileSync(`${file}.new`, String((server.address() as AddressInfo).port))
  renameSync(`${file}.new`, file)
})
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
