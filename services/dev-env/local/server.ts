import type { ServerResponse } from 'node:http'
import { type CompletionRequest, openStream, writeCompletion, writeError } from '../chat/completions.ts'
import { createChatServer } from '../chat/server.ts'
import type { Llama } from './llama.ts'
import { COME_AGAIN, MAX_PROMPT_TOKENS, MODEL, readRequest } from './request.ts'
import { createSeats } from './seats.ts'

/** Requests that wait until others are served, and for how long: a caller has more patience for the first token. */
const QUEUE = { waiting: 4, waitMs: 5000 }

/** The server of the local model. */
export function createLocalServer({ countTokens, chats }: Llama) {
  const seats = createSeats(chats, QUEUE)
  const complete = async (request: CompletionRequest, response: ServerResponse) => {
    const read = readRequest(request)
    if ('problem' in read) return writeError(response, 400, read.problem)
    const promptTokens = countTokens(read.history)
    if (promptTokens > MAX_PROMPT_TOKENS) {
      const problem = `the prompt has ${promptTokens} tokens, and the model takes ${MAX_PROMPT_TOKENS}: shorten it`
      return writeError(response, 400, problem)
    }

    const left = new AbortController()
    response.on('close', () => left.abort())
    const chat = await seats.take(left.signal)
    if (!chat) return writeError(response, 503, 'the model has too much to do: try again later', COME_AGAIN)
    const generate = (onText: (text: string) => void) => chat.generate(read.history, read.sampling, left.signal, onText)
    try {
      if (request.stream) {
        const stream = openStream(response, request)
        const { reason, tokens } = await generate((text) => void stream.write(text))
        await stream.end({ reason, promptTokens, completionTokens: tokens })
      } else {
        let whole = ''
        const { reason, tokens } = await generate((text) => (whole += text))
        writeCompletion(response, MODEL, whole, { reason, promptTokens, completionTokens: tokens })
      }
    } catch (error) {
      if (left.signal.aborted) return
      console.error(error)
      if (response.headersSent) response.destroy()
      else writeError(response, 500, 'the model failed: see its log')
    } finally {
      seats.give(chat)
    }
  }
  return createChatServer([MODEL], complete)
}
