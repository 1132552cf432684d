import { renameSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Has a program serve on this port of 127.0.0.1 (0: a free one) until it is told to end, and writes the port to the file. */
export function listen(server: Server, port: number, file: string) {
  server.listen(port, '127.0.0.1', () => {
    writeFileSync(`${file}.new`, String((server.address() as AddressInfo).port))
    renameSync(`${file}.new`, file)
  })
  process.once('SIGTERM', () => {
    server.close()
    server.closeAllConnections()
  })
}
