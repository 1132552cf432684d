import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that the provider was sent. */
export type Asked = { method: string; path: string; headers: IncomingMessage['headers']; body: Record<string, any> }

/** A provider on this machine, which answers as a test says. */
export type ProviderServer = {
  /** `http://127.0.0.1:<port>` */
  url: string
  port: number
  /** What it was asked, in order. */
  journal: Asked[]
  /** How many of its connections are open. */
  connections(): Promise<number>
  stop(): Promise<void>
}

/** Starts it; `answer` writes each answer, and may leave it unfinished. */
export async function startProviderServer(
  answer: (response: ServerResponse, asked: Asked) => unknown,
): Promise<ProviderServer> {
  const journal: Asked[] = []
  const server = createServer((request, response) => {
    const read = async () => {
      const body = await text(request)
      const { method = '', url = '', headers } = request
      const asked = { method, path: url, headers, body: body === '' ? {} : JSON.parse(body) }
      journal.push(asked)
      await answer(response, asked)
    }
    // The caller has left: nobody is there to hear of it.
    response.on('error', () => undefined)
    void read().catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    journal,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Begins an answer that is a stream of events. */
export const beginEvents = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()

/** Answers with JSON. */
export const answerJson = (
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
