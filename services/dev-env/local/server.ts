import type { ServerResponse } from 'node:http'
import { type CompletionRequest, type Ending, openStream, writeCompletion, writeError } from '../chat/completions.ts'
import { createChatServer } from '../chat/server.ts'
import type { Chat, ChatItem, Llama } from './llama.ts'
import { COME_AGAIN, MODEL, readRequest, roomFor, type Sampling } from './request.ts'
import { createSeats } from './seats.ts'

/** Requests that wait until others are served, and for how long: a caller has more patience for the first token. */
const QUEUE = { waiting: 4, waitMs: 10_000 }

/** The server of the local model. */
export function createLocalServer({ tokenizer, chats }: Llama) {
  const seats = createSeats(chats, QUEUE)
  const countTokens = (chatHistory: ChatItem[]) =>
    chats[0]!.chatWrapper.generateContextState({ chatHistory }).contextText.tokenize(tokenizer).length

  const complete = async (request: CompletionRequest, response: ServerResponse) => {
    const read = readRequest(request)
    if ('problem' in read) return writeError(response, 400, read.problem)
    const promptTokens = countTokens(read.history)
    const maxTokens = roomFor(promptTokens, read.sampling.maxTokens)
    if (typeof maxTokens !== 'number') return writeError(response, 400, maxTokens.problem)

    const left = new AbortController()
    response.on('close', () => left.abort())
    const chat = await seats.take(left.signal)
    if (!chat) return writeError(response, 503, 'the model has too much to do: try again later', COME_AGAIN)
    const generate = (onText: (text: string) => void) =>
      generateText(chat, read.history, { ...read.sampling, maxTokens }, left.signal, onText)
    try {
      if (request.stream) {
        const stream = openStream(response, request)
        const { reason, completionTokens } = await generate((text) => void stream.write(text))
        await stream.end({ reason, promptTokens, completionTokens })
      } else {
        let whole = ''
        const { reason, completionTokens } = await generate((text) => (whole += text))
        writeCompletion(response, MODEL, whole, { reason, promptTokens, completionTokens })
      }
    } finally {
      seats.give(chat)
    }
  }
  return createChatServer([MODEL], complete)
}

/** Generates until the model ends, has as many tokens as it may, or the caller leaves. */
async function generateText(
  chat: Chat,
  history: ChatItem[],
  { maxTokens, temperature, topP, seed, stop }: Sampling & { maxTokens: number },
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<Pick<Ending, 'reason' | 'completionTokens'>> {
  let completionTokens = 0
  const { metadata } = await chat.generateResponse(history, {
    maxTokens,
    temperature,
    topP,
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { customStopTriggers: stop }),
    signal,
    stopOnAbortSignal: true,
    onResponseChunk: ({ text, tokens }) => {
      completionTokens += tokens.length
      if (text !== '') onText(text)
    },
  })
  return { reason: metadata.stopReason === 'maxTokens' ? 'length' : 'stop', completionTokens }
}
