import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createAnswers, MODELS, wordsOf } from './answers.ts'
import {
  type CompletionRequest,
  promptOf,
  streamCompletion,
  wordOf,
  writeCompletion,
  writeError,
} from './completions.ts'

/** Bytes of a request, at most. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024

/** Connections that are open at once, at most. */
const MAX_CONNECTIONS = 2000

/** A call that the sandbox got. */
export type NotedCall = {
  model: string
  /** SHA-256 of the prompt's text, in hexadecimal. */
  prompt: string
  /** Whether it was refused because there were too many. */
  isThrottled: boolean
}

/** The sandbox: speaks OpenAI's chat completions at `/v1`, without a model behind it. It needs no key. `note` hears of each call before its answer. */
export function createSandbox(note: (call: NotedCall) => void = () => undefined) {
  const answer = createAnswers()
  const complete = async (request: CompletionRequest, response: ServerResponse) => {
    const prompt = promptOf(request)
    const planned = answer(request.model, prompt, request.seed ?? 0)
    if (!planned) return writeError(response, 404, `there is no model ${request.model}: see /v1/models`)
    const isThrottled = planned.kind === 'error' && planned.status === 429
    note({ model: request.model, prompt: createHash('sha256').update(prompt).digest('hex'), isThrottled })
    switch (planned.kind) {
      case 'silence':
        return undefined
      case 'error': {
        const headers: Record<string, string> =
          planned.retryAfter === undefined ? {} : { 'retry-after': String(planned.retryAfter) }
        return writeError(response, planned.status, planned.message, headers)
      }
      case 'words': {
        const most = request.max_completion_tokens ?? request.max_tokens ?? Infinity
        const words = planned.words.slice(0, most)
        const ending = {
          reason: words.length < planned.words.length ? ('length' as const) : ('stop' as const),
          promptTokens: wordsOf(prompt).length,
          completionTokens: words.length,
        }
        if (!request.stream) return writeCompletion(response, request.model, words.map(wordOf).join(''), ending)
        return streamCompletion(response, request, words, planned.gapMs, planned.isCut ? undefined : ending)
      }
    }
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://sandbox')
    if (request.method === 'GET' && pathname === '/v1/models') {
      const data = MODELS.map((id) => ({ id, object: 'model', created: 0, owned_by: 'sandbox' }))
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
