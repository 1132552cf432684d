import { once } from 'node:events'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { CompletionRequest } from '../chat/completions.ts'

/** Passes a request on to the server at a URL, and its answer back as it comes. When one of the two leaves, so does the other. */
export async function passOn(asked: CompletionRequest, response: ServerResponse, url: string): Promise<void> {
  const left = new AbortController()
  response.on('close', () => left.abort())
  const options = { method: 'POST', agent: false, signal: left.signal }
  const sent = request(`${url}/v1/chat/completions`, options).end(JSON.stringify(asked))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  sent.on('error', () => undefined) // the pipeline tells
  response.writeHead(answer.statusCode!, answer.headers)
  await pipeline(answer, response)
}
