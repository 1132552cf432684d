import { Agent, get } from 'node:http'
import type { Job, Request, Sender } from './job.ts'

/** GET over HTTP/1.1, each request in flight on a connection of its own, which is kept. */
export function restSender({ port, concurrency }: Job): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, scheduling: 'fifo' })
  return { send: (request) => fetchOne(agent, port, request), close: () => agent.destroy() }
}

function fetchOne(agent: Agent, port: number, { path, headers }: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = get({ agent, host: '127.0.0.1', port, path, headers }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`HTTP ${answer.statusCode}`)),
      )
      answer.on('error', reject)
    })
    sent.on('error', reject)
  })
}
