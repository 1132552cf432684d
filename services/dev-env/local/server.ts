import type { ServerResponse } from 'node:http'
import { createSemaphore } from '#chassis/semaphore.ts'
import { type CompletionRequest, openStream, writeCompletion, writeError } from '../chat/completions.ts'
import { createChatServer } from '../chat/server.ts'
import type { Chat, Llama } from './llama.ts'
import { COME_AGAIN, MAX_PROMPT_TOKENS, MODEL, readRequest } from './request.ts'

/** Requests that wait until others are served, and for how many milliseconds: a caller has more patience for the first token. */
const QUEUE = { waiting: 4, waitMs: 5000 }

/** The server of the local model. */
export function createLocalServer({ countTokens, chats }: Llama, { waiting, waitMs } = QUEUE) {
  const turns = createSemaphore(chats.length, waiting, 'requests to the model')
  const free = [...chats]
  /** False: it was not the request's turn in time, or too many waited. */
  const inTurn = async (left: AbortSignal, use: (chat: Chat) => Promise<void>): Promise<boolean> => {
    let hasBegun = false
    const task = async () => {
      hasBegun = true
      const chat = free.pop()!
      await use(chat).finally(() => free.push(chat))
    }
    try {
      await turns.run('', task, AbortSignal.any([left, AbortSignal.timeout(waitMs)]))
    } catch (error) {
      if (hasBegun) throw error
    }
    return hasBegun
  }
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
    const answer = async (chat: Chat) => {
      const generate = (onText: (text: string) => void) =>
        chat.generate(read.history, read.sampling, left.signal, onText)
      if (request.stream) {
        const stream = openStream(response, request)
        const { reason, tokens } = await generate((text) => void stream.write(text))
        await stream.end({ reason, promptTokens, completionTokens: tokens })
      } else {
        let whole = ''
        const { reason, tokens } = await generate((text) => (whole += text))
        writeCompletion(response, MODEL, whole, { reason, promptTokens, completionTokens: tokens })
      }
    }
    try {
      const hadTurn = await inTurn(left.signal, answer)
      if (!hadTurn) writeError(response, 503, 'the model has too much to do: try again later', COME_AGAIN)
    } catch (error) {
      if (left.signal.aborted) return
      console.error(error)
      if (response.headersSent) response.destroy()
      else writeError(response, 500, 'the model failed: see its log')
    }
  }
  return createChatServer([MODEL], complete)
}
