import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type CompletionRequest, writeError } from './completions.ts'

/** Bytes of a request, at most. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024

/** Connections that are open at once, at most. */
const MAX_CONNECTIONS = 2000

/** Answers a request. A rejection closes the connection. */
export type Complete = (request: CompletionRequest, response: ServerResponse) => unknown

/** A server that speaks OpenAI's chat completions at `/v1`, with these models. It needs no key. */
export function createChatServer(models: readonly string[], complete: Complete): Server {
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://chat')
    if (request.method === 'GET' && pathname === '/v1/models') {
      const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'promptforge' }))
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data }))
      return
    }
    if (request.method !== 'POST' || pathname !== '/v1/chat/completions') {
      writeError(response, 404, 'there are only POST /v1/chat/completions and GET /v1/models')
      return
    }
    const body = await readBody(request)
    const asked = body === undefined ? undefined : parse(body)
    if (!asked)
      writeError(response, 400, `the body must be JSON with model and messages, of at most ${MAX_REQUEST_BYTES} bytes`)
    else await complete(asked, response)
  }
  const server = createServer((request, response) => {
    response.on('error', () => undefined)
    serve(request, response).catch(() => response.destroy())
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}

/** Undefined: it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_REQUEST_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(body: string): CompletionRequest | undefined {
  try {
    const asked = JSON.parse(body) as Partial<CompletionRequest> | null
    const isComplete = typeof asked?.model === 'string' && Array.isArray(asked.messages)
    return isComplete ? (asked as CompletionRequest) : undefined
  } catch {
    return undefined
  }
}
